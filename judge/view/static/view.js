// What the pages do beyond links and forms: keys, rows that can be clicked, live updates, and zoom.
import { makeZoom } from "./zoom.js";

const POLL = 3000;
const main = document.querySelector("main");
const help = document.querySelector("#help");

// What the server sent, to see later what has changed.
const parts = main.classList.contains("one") ? ["main"] : ["#head", "#filters", "#results"];
const known = new Map(parts.map((name) => [name, document.querySelector(name)?.innerHTML]));

document.querySelector("[data-help]")?.addEventListener("click", () => help.showModal());
document.querySelector("[data-copy]")?.addEventListener("click", (event) => {
  document.querySelector(".share input").select();
  // The clipboard object exists only with https; this works without.
  event.target.textContent = document.execCommand("copy") ? "Copied" : "Select and copy the link";
});
document.addEventListener("click", (event) => {
  const row = event.target.closest(".items tbody tr");
  for (const one of document.querySelectorAll(".pop[open]")) one.open = one.contains(event.target);
  if (row && !event.target.closest("a") && !String(getSelection())) row.querySelector(".open").click();
});

// Keys

const links = () => [...document.querySelectorAll(".items .open")];
const follow = (selector) => document.querySelector(selector)?.click();

function step(by) {
  const all = links();
  if (!all.length) return follow(by > 0 ? ".around [rel=next]" : ".around [rel=prev]");
  const here = all.indexOf(document.activeElement);
  const next = all[here < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, here + by))];
  next.focus({ preventScroll: true });
  next.closest("tr").scrollIntoView({ block: "nearest" });
}

const keys = {
  j: () => step(1), k: () => step(-1),
  n: () => follow(".pages [rel=next]"), p: () => follow(".pages [rel=previous]"),
  u: () => follow("[data-up]"), "?": () => help.showModal(),
  "/": () => document.querySelector("#q")?.select(),
};
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input[type=search], select, textarea");
  if (event.key === "Escape" && isTyping) event.target.blur();
  if (event.key === "Escape") for (const one of document.querySelectorAll(".pop[open]")) one.open = false;
  if (isTyping || help.open || event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
});

// A run that is being scored, or whose index is being built, is looked at again.

const labels = (one) => one.querySelector("summary").textContent;

// Replace a part of the page that has changed; what is open and focused stays so.
function replace(now, then) {
  const focused = document.activeElement?.getAttribute("href");
  const opened = new Map([...now.querySelectorAll("details")].map((one) => [labels(one), one.open]));
  now.replaceChildren(...then.childNodes);
  for (const one of now.querySelectorAll("details")) one.open = opened.get(labels(one)) ?? one.open;
  if (!document.contains(document.activeElement) || document.activeElement === document.body) {
    [...now.querySelectorAll("a")].find((a) => a.getAttribute("href") === focused)?.focus({ preventScroll: true });
  }
  prepare(now);
}

async function refresh() {
  const reply = await fetch(location.href);
  if (!reply.ok) return;
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  for (const [name, before] of known) {
    const now = document.querySelector(name), then = page.querySelector(name), text = then?.innerHTML;
    if (!now || !then || text === before) continue;
    known.set(name, text);
    replace(now, then);
  }
  main.dataset.generation = page.querySelector("main").dataset.generation;
}

async function poll() {
  if (!document.hidden && !help.open && !document.querySelector("select:focus")) {
    try {
      const reply = await fetch(main.dataset.state);
      const state = reply.ok ? await reply.json() : {};
      if (reply.ok && String(state.generation) !== main.dataset.generation) await refresh();
    } catch { /* the server has ended; the page stays as it is */ }
  }
  setTimeout(poll, POLL);
}
if (main.dataset.state) setTimeout(poll, POLL);

// Pictures

function prepare(root) {
  for (const element of root.querySelectorAll(".by-script")) element.hidden = false;
  for (const select of root.querySelectorAll("select")) select.addEventListener("change", () => select.form.requestSubmit());
  for (const viewer of root.querySelectorAll(".viewer")) makeZoom(viewer);
  for (const image of root.querySelectorAll(".pane img")) {
    const explain = async () => {
      const caption = image.closest("figure").querySelector("figcaption");
      const page = new DOMParser().parseFromString(await (await fetch(image.src)).text(), "text/html");
      caption.textContent = page.querySelector(".pre")?.textContent ?? "The picture cannot be shown.";
      image.closest("figure").classList.add("broken");
    };
    image.addEventListener("error", explain);
    if (image.complete && !image.naturalWidth) explain();
  }
}
prepare(document);
