// The organiser's page: progress, names and dropping of raters, export, completion code, discussions.
import { getBlob, getJson, Refused, sendJson, token } from "./api.js";

const $ = (id) => document.getElementById(id);
const main = $("main");
const say = (text, kind = "") => { $("status").textContent = text; $("status").className = `status toast ${kind}`; };
const EVERY = 60_000;
let links = {};
let decision = null;

async function load() {
  if (!token()) throw new Refused(401, { error: "This page needs the organiser's full link." });
  const data = await getJson("/api/admin/overview");
  links = data.links;
  document.title = `${data.study} – organiser`;
  $("study").textContent = "Organiser";
  main.replaceChildren(...new DOMParser().parseFromString(data.page, "text/html").body.childNodes);
  for (const time of main.querySelectorAll("time[data-at]")) {
    const at = new Date(Number(time.dataset.at) * 1000);
    time.dateTime = at.toISOString();
    const today = at.toDateString() === new Date().toDateString();
    time.textContent = at.toLocaleString([], { dateStyle: today ? undefined : "medium", timeStyle: "short" });
  }
  $("updated").textContent = `as of ${new Date().toLocaleTimeString([], { timeStyle: "short" })}`;
  $("refresh").hidden = false;
}

function fail(error) {
  const text = error instanceof Refused ? error.message : "The server cannot be reached. Please try again later; saved ratings are not affected.";
  if (links && Object.keys(links).length) return say(text, "bad");
  const box = document.createElement("article");
  box.className = "card prose";
  box.append(Object.assign(document.createElement("h1"), { textContent: error instanceof Refused ? "This link does not work" : "The server cannot be reached" }));
  box.append(Object.assign(document.createElement("p"), { textContent: text }));
  main.replaceChildren(box);
}

const guarded = (act) => (...values) => act(...values).catch(fail);

const copy = guarded(async (name) => {
  const link = location.origin + links[name];
  try {
    await navigator.clipboard.writeText(link);
    say(`The link of ${name} was copied to the clipboard.`, "good");
  } catch {
    prompt(`Link of ${name}`, link); // the clipboard is not available on pages over plain http
  }
});

function decide(name, what) {
  decision = { name, what };
  const drop = what === "drop";
  $("drop-title").textContent = `${drop ? "Drop" : "Readmit"} ${name}`;
  $("drop-text").textContent = drop
    ? "The link stops working and the ratings no longer count. They stay in the file, and the rater can be readmitted."
    : "The link works again and the ratings count again.";
  $("drop-replace").hidden = !drop;
  $("drop-confirm").textContent = drop ? "Drop" : "Readmit";
  $("drop-reason").value = "";
  $("replace").checked = false;
  $("drop-dialog").returnValue = "";
  $("drop-dialog").showModal();
  $("drop-reason").focus();
}

// Enter confirms; by default it would press the first submit button, which is Cancel.
for (const [field, confirm] of [["drop-reason", "drop-confirm"], ["real-name", "name-confirm"]]) {
  $(field).addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); $(confirm).click(); }
  });
}
$("drop-dialog").addEventListener("close", guarded(async () => {
  if ($("drop-dialog").returnValue !== "yes") return;
  const { name, what } = decision;
  const order = { reason: $("drop-reason").value, replace: $("replace").checked };
  const done = await sendJson("POST", `/api/admin/raters/${encodeURIComponent(name)}/${what}`, order);
  await load();
  say(done.invited ? `${name} was dropped. ${done.invited} replaces this rater: send the new link.` : `Done.`, "good");
}));

let named = "";
function rename(name, given) {
  named = name;
  $("name-title").textContent = `Name of ${name}`;
  $("real-name").value = given;
  $("name-dialog").returnValue = "";
  $("name-dialog").showModal();
  $("real-name").select();
}
$("name-dialog").addEventListener("close", guarded(async () => {
  if ($("name-dialog").returnValue !== "yes") return;
  await sendJson("POST", `/api/admin/raters/${encodeURIComponent(named)}/name`, { name: $("real-name").value });
  await load();
  say("Saved.", "good");
}));

const download = guarded(async (layout, file) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await getBlob(`/api/admin/export/${layout}`));
  link.download = file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
});

main.addEventListener("click", (event) => {
  const { copy: wanted, drop, readmit, name, given, export: layout, file } = event.target.closest("button")?.dataset || {};
  if (name) rename(name, given);
  if (layout) download(layout, file);
  if (wanted) copy(wanted);
  if (drop) decide(drop, "drop");
  if (readmit) decide(readmit, "readmit");
});
main.addEventListener("submit", guarded(async (event) => {
  event.preventDefault();
  if (event.target.id === "completion") {
    const { code } = await sendJson("POST", "/api/admin/completion", { code: new FormData(event.target).get("code") });
    return say(code ? "Saved. Raters see the code after their last answer." : "Saved. Raters see no code.", "good");
  }
  const items = new FormData(event.target).getAll("item");
  if (!items.length) return say("Select items first.", "warn");
  const { added } = await sendJson("POST", "/api/admin/discussions", { items });
  await load();
  say(`Opened for discussion: ${added} answers return to their raters.`, "good");
}));
main.addEventListener("change", (event) => {
  if (event.target.id !== "tick-all") return;
  main.querySelectorAll("[name=item]:not(:disabled)").forEach((box) => { box.checked = event.target.checked; });
});
// Refresh the page regularly, but not while the organiser is using it.
setInterval(() => {
  const busy = document.hidden || main.contains(document.activeElement) || document.querySelector("dialog[open], details[open], [name=item]:checked");
  if (!busy && Object.keys(links).length) load().catch(fail);
}, EVERY);
$("refresh").addEventListener("click", guarded(load));
addEventListener("hashchange", () => location.reload());
load().catch(fail);
