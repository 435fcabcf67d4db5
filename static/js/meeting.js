// The meeting view: the arrow keys turn the pages, as a presenter's remote control does.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const way = { ArrowLeft: "prev", PageUp: "prev", ArrowRight: "next", PageDown: "next" }[event.key];
  if (!way || event.target.closest("input, textarea, select")) return;
  const link = document.querySelector(`a[rel="${way}"]`);
  if (link) link.click();
});
