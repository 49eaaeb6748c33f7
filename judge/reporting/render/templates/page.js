"use strict";
// Search and sort the tables of answers. Without this script they can be read in the order of the page.
for (const box of document.querySelectorAll(".answers")) {
  const table = box.querySelector("table");
  const rows = [...table.tBodies];
  const tools = box.querySelector(".tools"), search = tools.querySelector("input"), count = tools.querySelector("output");
  const texts = rows.map((row) =>
    [...row.querySelectorAll(".cell, .said, dd, .fields")].map((e) => e.textContent).join("\n").toLowerCase());
  const say = (shown) => { count.textContent = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`; };
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, i) => {
      row.hidden = !words.every((word) => texts[i].includes(word));
      shown += !row.hidden;
    });
    say(shown);
  };
  search.addEventListener("input", filter);
  tools.hidden = false;
  say(rows.length);

  const heads = [...table.tHead.rows[0].cells];
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
      table.append(...(next === "none" ? rows : sorted(rows, place, next === "ascending" ? 1 : -1)));
    });
  });
}

function sorted(rows, place, sign) {
  const keyed = rows.map((row) => {
    const text = row.rows[0].cells[place].textContent.trim();
    const number = parseFloat(text.replaceAll(",", ""));
    return { row, text, number, missing: text === "" || text === "–" };
  });
  const numeric = keyed.every((one) => one.missing || !Number.isNaN(one.number));
  const order = (a, b) => numeric ? a.number - b.number : a.text.localeCompare(b.text, "en", { numeric: true });
  keyed.sort((a, b) => a.missing - b.missing || (a.missing ? 0 : sign * order(a, b)));
  return keyed.map((one) => one.row);
}

// A link to an answer opens it, also where a search has hidden it.
function open() {
  const target = document.getElementById(location.hash.slice(1));
  if (!target) return;
  const row = target.closest("tbody[hidden]");
  if (row) {
    const search = row.closest(".answers").querySelector("input");
    search.value = "";
    search.dispatchEvent(new Event("input"));
  }
  for (let at = target.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", open);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#answer-']");
  if (link && link.hash === location.hash) open();
});
open();
