// Small comforts on top of pages that work without this file: times in the reader's own zone, and what a failed save says.
"use strict";

function showClocks(root) {
  root.querySelectorAll("time[data-clock]").forEach((time) => {
    const at = new Date(time.dateTime);
    const sameDay = at.toDateString() === new Date().toDateString();
    time.textContent = at.toLocaleString(document.documentElement.lang, sameDay
      ? { hour: "2-digit", minute: "2-digit" }
      : { day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" });
    time.removeAttribute("data-clock");
  });
}

// Most forms are sent as a whole; a part that saves itself (data-saves) stands for its form.
function sentBy(element) {
  return element.matches("[data-saves]") ? element.closest("form") : element;
}

function statusOf(form) {
  return form.querySelector(".vote-status");
}

// A save that did not arrive: the words stay where they were typed, the page says so, and tries again by itself.
function notSaved(event) {
  const form = event.detail.elt.closest("form[data-autosave], form[data-editor]");
  if (!form) return;
  if (event.detail.xhr && [401, 403, 404].includes(event.detail.xhr.status)) {
    renew(form);
    return;
  }
  say(form, "Not saved. Your words are still here; trying again…");
  if (form.matches("[data-autosave]")) {
    window.clearTimeout(form.saveAgain);
    form.saveAgain = window.setTimeout(() => htmx.trigger(form, "save-again"), 5000);
  }
}

function say(form, words) {
  const status = statusOf(form);
  if (!status) return;
  status.classList.add("failed");
  status.textContent = words;
}

function accountOf(page) {
  return page.querySelector("[data-account]")?.dataset.account;
}

// Refused: somebody who has signed in again in another tab has new tokens, with which the same words are sent once more.
async function renew(form) {
  const kept = " Your words are still here; copy what you need.";
  try {
    const answer = await fetch(window.location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = page.querySelector("input[name=csrfmiddlewaretoken]")?.value;
    if (!accountOf(page)) {
      say(form, "Not saved: your sign-in has ended. Your words are still here; sign in again in another tab, then save.");
    } else if (accountOf(page) !== accountOf(document)) {
      say(form, "Not saved: somebody else is signed in now." + kept);
    } else if (!answer.ok || !token || form.dataset.renewed) {
      say(form, "Not saved: you can no longer do this here." + kept);
    } else {
      form.dataset.renewed = "yes";
      document.querySelectorAll("input[name=csrfmiddlewaretoken]").forEach((field) => { field.value = token; });
      if (form.matches("[data-autosave]")) htmx.trigger(form, "save-again");
      else form.requestSubmit();
    }
  } catch {
    say(form, "Not saved. Your words are still here; please try again.");
  }
}

function isAsTheServerSentIt(field) {
  if (field.matches("select")) {
    const first = [...field.options].some((option) => option.defaultSelected) ? null : field.options[0];
    return [...field.options].every((option) => option.selected === (option.defaultSelected || (option === first && !field.multiple)));
  }
  if (field.matches("[type=radio], [type=checkbox]")) return field.checked === field.defaultChecked;
  return field.matches("[type=hidden], [type=file]") || field.value === field.defaultValue;
}

// On a slow line a scale is there to be ticked before this file is: what was chosen until now is taken up like any other change.
function takeUpEarlyChoices() {
  document.querySelectorAll("[hx-trigger^=change]").forEach((part) => {
    if ([...part.querySelectorAll("input, select, textarea")].every(isAsTheServerSentIt)) return;
    const form = part.closest("form[data-autosave], form[data-editor]");
    if (form) form.dataset.unsaved = "yes";
    htmx.trigger(part, "change");
  });
}

document.addEventListener("DOMContentLoaded", () => {
  showClocks(document);
  const outline = document.querySelector(".outline details");
  if (outline && window.matchMedia("(max-width: 900px)").matches) outline.open = false;

  document.body.addEventListener("htmx:beforeRequest", (event) => {
    const form = sentBy(event.detail.elt);
    if (form.matches("form[data-autosave]")) statusOf(form).textContent = "Saving…";
    if (form.dataset.unsaved) form.dataset.unsaved = "sent";
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    const status = event.detail.target;
    if (status.classList) status.classList.remove("failed");
    showClocks(document);
  });
  // Somebody who changes a scale or types should not lose it by closing the page before it is saved.
  document.body.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-autosave], form[data-editor]");
    if (form) form.dataset.unsaved = "yes";
  });
  document.body.addEventListener("submit", (event) => {
    // The answer to a proof carries the session's new key: a second click must not throw it away.
    if (event.target.matches("[data-once]") && event.target.dataset.sent) event.preventDefault();
    else if (event.target.matches("[data-once]")) event.target.dataset.sent = "yes";
    if (!event.target.matches("[hx-post]")) delete event.target.dataset.unsaved;
  });
  // A refusal (409, 422) is shown like any answer, but nothing of it is saved; nor is what was typed since it was sent.
  document.body.addEventListener("htmx:beforeOnLoad", (event) => {
    const form = sentBy(event.detail.elt);
    const saved = event.detail.xhr.status >= 200 && event.detail.xhr.status < 300;
    if (saved && form.dataset.unsaved === "sent") delete form.dataset.unsaved;
    if (saved) delete form.dataset.renewed;
  });
  // The choices of an upload are drawn anew after each change; a name that is being typed meanwhile stays as it is.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const typing = document.activeElement;
    const replaced = typing.matches("#assignments input[type=text], #assignments textarea") && event.detail.target.contains(typing);
    if (replaced && typing.value !== typing.defaultValue) event.detail.shouldSwap = false;
  });
  document.body.addEventListener("htmx:responseError", notSaved);
  document.body.addEventListener("htmx:sendError", notSaved);
  document.body.addEventListener("htmx:timeout", notSaved);
  // What somebody opened stays open when the analysis is drawn anew by another method.
  let opened = new Set();
  const nameOf = (part) => part.querySelector("summary .step-name, summary").textContent.replace(/\d+/g, "").trim();
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    opened = new Set([...event.detail.target.querySelectorAll("#analysis details[open]")].map(nameOf));
  });
  document.body.addEventListener("htmx:afterSwap", () => {
    document.querySelectorAll("#analysis details").forEach((part) => { if (opened.has(nameOf(part))) part.open = true; });
  });
  // A fragment that came with a heading or an error takes the focus, so that a keyboard or a screen reader follows.
  document.body.addEventListener("htmx:afterSettle", (event) => {
    const editor = document.querySelector("form[data-editor] [role=alert], form[data-editor] textarea, form[data-editor] input:not([type=hidden])");
    if (event.detail.requestConfig && event.detail.requestConfig.verb === "get" && editor) editor.focus();
  });
  document.body.addEventListener("click", (event) => {
    const form = event.target.closest("[data-gives-up]")?.closest("form");
    if (form) delete form.dataset.unsaved;
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("[data-once]").forEach((form) => { delete form.dataset.sent; });
  });
  window.addEventListener("beforeunload", (event) => {
    if (document.querySelector("form[data-unsaved]")) event.preventDefault();
  });
  takeUpEarlyChoices();
});
