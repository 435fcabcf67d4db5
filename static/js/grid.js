// A table of studies as a small spreadsheet. The textarea is what is sent: without this file it is typed into directly.
"use strict";

const ROWS_TO_BEGIN_WITH = 8;
const MOST_ROWS = 500;
const UNUSED = "\u0000not used";

// What a spreadsheet puts on the clipboard: tabs and lines, cells with either of them in double quotes.
function cellsOf(text) {
  const rows = [[]];
  let cell = "";
  let quoted = false;
  const endCell = () => { rows.at(-1).push(cell); cell = ""; };
  const end = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  for (let at = 0; at < end.length; at += 1) {
    const char = end[at];
    if (quoted) {
      if (char === '"' && end[at + 1] === '"') { cell += '"'; at += 1; }
      else if (char === '"') quoted = false;
      else cell += char;
    } else if (char === '"' && cell === "") quoted = true;
    else if (char === "\t") endCell();
    else if (char === "\n") { endCell(); rows.push([]); }
    else cell += char;
  }
  endCell();
  return rows;
}

function textOf(rows) {
  const quote = (cell) => (/["\t\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  return rows.map((row) => row.map(quote).join("\t")).join("\n") + "\n";
}

// The names of columns hold no number; a line of a study does.
function looksLikeNames(row) {
  const filled = row.filter((cell) => cell.trim());
  return filled.length > 1 && !filled.some((cell) => /^\s*[-−+]?\s*[0-9.,]+\s*%?\s*$/.test(cell));
}

function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  made.textContent = text;
  return made;
}

class Grid {
  constructor(form, data) {
    this.form = form;
    this.options = data.options;
    this.columns = data.columns;
    this.rows = data.rows.map((row) => ({ number: row.number, cells: [...row.cells] }));
    this.marks = new Map(data.marks.map((mark) => [`${mark.row ?? "name"}:${mark.column}`, mark]));
    this.table = form.querySelector(".grid");
    this.said = form.querySelector(".grid-said");
    this.text = form.querySelector("textarea");
    this.current = { row: 0, column: 0 };
    while (this.rows.length < ROWS_TO_BEGIN_WITH && !data.marks.length) this.rows.push(this.emptyRow());
    this.draw();
    this.listen();
    form.querySelector(".grid-tools").hidden = false;
    form.querySelector(".grid-text").hidden = true;
  }

  emptyRow() {
    const last = this.rows.at(-1);
    return { number: last ? last.number + 1 : 2, cells: this.columns.map(() => "") };
  }

  draw() {
    this.table.replaceChildren(this.head(), this.body());
  }

  head() {
    const line = element("tr");
    line.append(element("th", { scope: "col", class: "grid-number" }, "Row"));
    this.columns.forEach((column, index) => {
      const cell = element("th", { scope: "col" });
      const select = element("select", { "aria-label": `What column ${index + 1} holds`, "data-column": index });
      if (!column.written) select.append(element("option", { value: "" }, "Choose what this is"));
      else if (!column.known) select.append(element("option", { value: column.written }, `“${column.written}”, kept as a note`));
      this.options.forEach((option) => select.append(element("option", { value: option.name }, option.label)));
      select.append(element("option", { value: UNUSED }, "Not used"));
      select.value = column.name;
      this.mark(select, "name", index);
      cell.append(select);
      const written = column.written && column.written !== column.name && column.known ? `“${column.written}” in the file` : "";
      if (written) cell.append(element("span", { class: "grid-written" }, written));
      line.append(cell);
    });
    const head = element("thead");
    head.append(line);
    return head;
  }

  body() {
    const body = element("tbody");
    this.rows.forEach((row, index) => {
      const line = element("tr");
      line.append(element("th", { scope: "row", class: "grid-number" }, String(row.number)));
      row.cells.forEach((value, column) => {
        const cell = element("td");
        const numeric = /^(year|events_|n_|nonevents_|mean_|sd_|estimate|se|hr|or|rr|ci_)/.test(this.columns[column].name);
        const input = element("input", {
          type: "text", autocomplete: "off", spellcheck: "false", class: numeric ? "grid-n" : "",
          "aria-label": `${this.label(column)}, row ${row.number}`, "data-row": index, "data-column": column,
        });
        if (numeric) input.inputMode = "decimal";
        input.value = value;
        this.mark(input, index, column);
        cell.append(input);
        line.append(cell);
      });
      body.append(line);
    });
    return body;
  }

  label(column) {
    const { name, written } = this.columns[column];
    return this.options.find((option) => option.name === name)?.label || written || `Column ${column + 1}`;
  }

  mark(target, row, column) {
    const mark = this.marks.get(`${row}:${column}`);
    if (!mark) return;
    target.classList.add(`grid-${mark.severity}`);
    if (mark.severity === "error") target.setAttribute("aria-invalid", "true");
    target.setAttribute("aria-description", mark.message);
    target.title = mark.message;
  }

  at(row, column) {
    return this.table.querySelector(`input[data-row="${row}"][data-column="${column}"]`);
  }

  go(row, column) {
    if (row >= this.rows.length) this.addRow();
    const input = this.at(Math.max(row, 0), Math.min(Math.max(column, 0), this.columns.length - 1));
    input?.focus();
    input?.select();
  }

  addRow() {
    this.rows.push(this.emptyRow());
    this.draw();
  }

  changed() {
    this.form.dataset.unsaved = "yes";
  }

  say(message) {
    this.said.textContent = message;
  }

  listen() {
    this.table.addEventListener("input", (event) => {
      const { row, column } = event.target.dataset;
      if (row !== undefined) this.rows[row].cells[column] = event.target.value;
      this.changed();
    });
    this.table.addEventListener("change", (event) => {
      if (!event.target.matches("select")) return;
      const column = this.columns[event.target.dataset.column];
      column.name = event.target.value;
      this.changed();
    });
    this.table.addEventListener("focusin", (event) => {
      const { row, column } = event.target.dataset;
      if (row !== undefined) {
        this.current = { row: Number(row), column: Number(column) };
        this.form.querySelector("[data-remove-row]").textContent = `Remove row ${this.rows[row].number}`;
      }
      const key = row === undefined ? `name:${column}` : `${row}:${column}`;
      this.say(this.marks.get(key)?.message ?? "");
    });
    this.table.addEventListener("keydown", (event) => this.onKey(event));
    this.table.addEventListener("paste", (event) => this.onPaste(event));
    this.form.querySelector("[data-add-row]").addEventListener("click", () => {
      this.changed();
      this.go(this.rows.length, 0);
    });
    this.form.querySelector("[data-remove-row]").addEventListener("click", () => this.removeRow());
    this.form.querySelector("[data-add-column]").addEventListener("click", () => {
      this.addColumns(this.columns.length + 1);
      this.draw();
      this.table.querySelector("thead th:last-child select").focus();
    });
    this.form.addEventListener("submit", () => { this.text.value = this.asText(); });
    this.linkProblems();
  }

  // Each message of the list above leads to its cell.
  linkProblems() {
    document.querySelectorAll(".problems-list tbody th").forEach((said) => {
      const mark = [...this.marks.values()].find((each) => each.message === said.textContent.trim());
      if (!mark) return;
      const jump = element("button", { type: "button", class: "quiet jump" }, mark.message);
      jump.addEventListener("click", () => {
        if (mark.row !== null) this.go(mark.row, mark.column);
        else this.table.querySelectorAll("thead select")[mark.column].focus();
      });
      said.replaceChildren(jump);
    });
  }

  // As in a spreadsheet: Enter and the arrows up and down move between rows, left and right between cells at the ends of
  // what stands in one. Tab goes the way of every form.
  onKey(event) {
    const { row, column } = event.target.dataset;
    if (row === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const input = event.target;
    const whole = input.selectionStart === 0 && input.selectionEnd === input.value.length;
    const steps = {
      Enter: [event.shiftKey ? -1 : 1, 0],
      ArrowDown: [1, 0],
      ArrowUp: [-1, 0],
      ArrowRight: whole || input.selectionStart === input.value.length ? [0, 1] : null,
      ArrowLeft: whole || input.selectionEnd === 0 ? [0, -1] : null,
    };
    if (event.key === "F2") input.setSelectionRange(input.value.length, input.value.length);
    if (event.key === "Escape") this.form.querySelector("[data-add-row]").focus();
    const step = steps[event.key];
    if (!step || (event.shiftKey && event.key !== "Enter")) return;
    event.preventDefault();
    const [down, right] = step;
    if (event.key === "ArrowDown" && Number(row) === this.rows.length - 1) return;
    this.go(Number(row) + down, Number(column) + right);
  }

  onPaste(event) {
    const { row, column } = event.target.dataset;
    const pasted = event.clipboardData.getData("text/plain");
    if (row === undefined || !/[\t\n\r]/.test(pasted.replace(/[\r\n]+$/, ""))) return;
    event.preventDefault();
    const block = cellsOf(pasted);
    this.changed();
    const empty = this.rows.every((each) => each.cells.every((cell) => !cell.trim()));
    const named = block.length > 1 && looksLikeNames(block[0]);
    if (empty && (named || block.length > MOST_ROWS)) {
      // Which column is which is said by the server, by the same rules as for a file.
      this.arranging = textOf(named ? block : [this.columns.map((each) => each.name), ...block]);
      this.form.requestSubmit(this.form.querySelector("button[value=arrange]"));
      return;
    }
    const [top, left] = [Number(row), Number(column)];
    const width = Math.max(...block.map((line) => line.length));
    while (this.rows.length < top + block.length) this.rows.push(this.emptyRow());
    this.addColumns(left + width);
    block.forEach((line, down) => line.forEach((cell, right) => { this.rows[top + down].cells[left + right] = cell; }));
    this.draw();
    this.go(top, left);
    this.say(`${block.length} ${block.length === 1 ? "row" : "rows"} pasted.`);
  }

  addColumns(width) {
    while (this.columns.length < width) {
      this.columns.push({ name: "", written: "", known: false });
      this.rows.forEach((row) => row.cells.push(""));
    }
  }

  removeRow() {
    const { row, column } = this.current;
    const [removed] = this.rows.splice(row, 1);
    if (!removed) return;
    const kept = new Map();
    this.marks.forEach((mark, key) => {
      if (mark.row === null || mark.row < row) kept.set(key, mark);
      else if (mark.row > row) kept.set(`${mark.row - 1}:${mark.column}`, { ...mark, row: mark.row - 1 });
    });
    this.marks = kept;
    if (!this.rows.length) this.rows.push(this.emptyRow());
    this.draw();
    this.changed();
    this.go(Math.min(row, this.rows.length - 1), column);
    this.say(`Row ${removed.number} was removed.`);
  }

  asText() {
    if (this.arranging) return this.arranging;
    const used = this.columns.map((column, index) => index).filter((index) => {
      const named = this.columns[index].name !== "";
      return this.columns[index].name !== UNUSED && (named || this.rows.some((row) => row.cells[index].trim()));
    });
    const filled = this.rows.filter((row) => row.cells.some((cell) => cell.trim()));
    return textOf([used.map((index) => this.columns[index].name), ...filled.map((row) => used.map((index) => row.cells[index]))]);
  }
}

document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form[data-grid]");
  const data = document.getElementById("grid-data");
  if (!form || !data) return;
  const grid = new Grid(form, JSON.parse(data.textContent));
  const wrong = grid.table.querySelector("[aria-invalid]");
  if (wrong) wrong.focus();
});
