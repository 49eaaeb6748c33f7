"use strict";
// Search and sort the tables of answers. Without this script all rows are there, in the order of the page.
const AT_FIRST = 20;
for (const box of document.querySelectorAll(".answers")) {
  const table = box.querySelector("table"), rows = [...table.tBodies], heads = [...table.tHead.rows[0].cells];
  const tools = box.querySelector(".tools"), search = tools.querySelector("input"), count = tools.querySelector("output");
  const more = box.querySelector(".more");
  // Rows without the answer in full are short, so that there is room for many.
  for (const row of rows.filter((one) => !one.hasAttribute("role"))) {
    row.setAttribute("role", "rowgroup");
    row.rows[0].setAttribute("role", "row");
    [...row.rows[0].cells].forEach((cell, place) => {
      cell.setAttribute("role", place ? "cell" : "rowheader");
      cell.classList.add("cell");
      if (place) cell.dataset.label = heads[place].textContent.trim();
    });
  }
  const texts = rows.map((row) =>
    [...row.querySelectorAll(".cell, .said, dd, .fields")].map((e) => e.textContent).join("\n").toLowerCase());
  const found = new Map(rows.map((row) => [row, true]));
  let order = rows, all = rows.length <= AT_FIRST * 1.2;
  const number = (n) => n.toLocaleString("en");

  function show() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach((row, i) => found.set(row, words.every((word) => texts[i].includes(word))));
    const matching = order.filter((row) => found.get(row));
    rows.forEach((row) => { row.hidden = !found.get(row); row.classList.remove("later"); });
    const later = all ? [] : matching.slice(AT_FIRST);
    later.forEach((row) => row.classList.add("later"));
    count.textContent = `${number(matching.length)} of ${number(rows.length)} found`;
    more.hidden = later.length === 0;
    more.textContent = `Show ${number(later.length)} more`;
  }
  function showAll(clear) {
    all = true;
    if (clear) search.value = "";
    show();
  }
  search.addEventListener("input", show);
  more.addEventListener("click", () => showAll(false));
  box.addEventListener("reveal", () => showAll(true));
  heads.forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const next = { none: "ascending", ascending: "descending", descending: "none" }[head.getAttribute("aria-sort")];
      heads.forEach((other) => other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", next);
      order = next === "none" ? rows : sorted(rows, place, next === "ascending" ? 1 : -1);
      table.append(...order);
      show();
    });
  });
  tools.hidden = false;
  show();
}

function sorted(rows, place, sign) {
  const keyed = rows.map((row) => {
    const text = row.rows[0].cells[place].textContent.trim();
    return { row, text, number: Number(text.replaceAll(",", "")), missing: text === "" || text === "–" };
  });
  const numeric = keyed.every((one) => one.missing || !Number.isNaN(one.number));
  const order = (a, b) => numeric ? a.number - b.number : a.text.localeCompare(b.text, "en", { numeric: true });
  keyed.sort((a, b) => a.missing - b.missing || (a.missing ? 0 : sign * order(a, b)));
  return keyed.map((one) => one.row);
}

// A link to an answer opens it, also where a search or the number of rows hides it.
function open() {
  const target = document.getElementById(location.hash.slice(1));
  if (!target) return;
  const row = target.closest("tbody");
  if (row && (row.hidden || row.classList.contains("later"))) row.closest(".answers").dispatchEvent(new Event("reveal"));
  for (let at = target.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", open);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#answer-']");
  if (link && link.hash === location.hash) open();
});
open();
