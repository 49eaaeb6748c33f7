// The rating page: one answer at a time. Every change is added to the queue immediately.
import { getBlob, getJson, Refused, sendJson, storage, token } from "./api.js";
import { Queue } from "./queue.js";
import { makeZoom } from "./zoom.js";

const AHEAD = 3;
const TYPING = 1_000; // ms without typing after which a text is saved
const $ = (id) => document.getElementById(id);
const main = $("main");
const pages = new Map(); // n -> promise of { page, reply, seconds, blobs }
const undoable = []; // { n, reply } before each change
let session, queue, current, noticed = "";

// ---------- time spent on the answer, without pauses and hidden tabs
const clock = {
  spent: 0, since: null,
  start(spent) { this.spent = spent; this.since = document.hidden ? null : performance.now(); },
  stop() { this.spent = this.seconds; this.since = null; },
  go() { if (this.since === null) this.since = performance.now(); },
  get seconds() { return this.spent + (this.since === null ? 0 : (performance.now() - this.since) / 1000); },
};
document.addEventListener("visibilitychange", () => (document.hidden || $("pause-dialog").open ? clock.stop() : clock.go()));

// ---------- the list of answers
const taskOf = (n) => session.tasks[n - 1];
const isOpen = (task) => task.state === "open";
const firstOpen = (after = 0) =>
  session.tasks.find((task) => task.n > after && isOpen(task)) || session.tasks.find(isOpen);

function stateOf(reply) {
  if (reply.skip) return "skipped";
  return current.required.every((name) => name in reply.values) ? "done" : "open";
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function timeLeft() {
  const counted = session.tasks.filter((task) => task.round !== "training");
  const spent = counted.filter((task) => !isOpen(task) && task.seconds > 0).map((task) => task.seconds);
  const open = counted.filter(isOpen).length;
  if (spent.length < 3 || !open) return "";
  const minutes = Math.ceil((median(spent) * open) / 60);
  return minutes < 60 ? `about ${minutes} min left` : `about ${(minutes / 60).toFixed(1)} h left`;
}

function showProgress() {
  const round = session.tasks.filter((task) => task.round === (current ? taskOf(current.n).round : "study"));
  const done = round.filter((task) => !isOpen(task)).length;
  const names = { training: "Practice", discussion: "Discussion", study: "Answer" };
  $("progress").hidden = !current;
  $("tools").hidden = !session.began;
  $("bottom").hidden = !current && !queue.size;
  $("bottom").classList.toggle("only-status", !current);
  if (!current) return;
  const index = round.findIndex((task) => task.n === current.n) + 1;
  $("place").textContent = `${names[taskOf(current.n).round]} ${index} of ${round.length}`;
  $("bar").max = round.length;
  $("bar").value = done;
  $("left").textContent = taskOf(current.n).round === "study" ? timeLeft() : "";
  $("undo").disabled = undoable.length === 0;
  $("back").disabled = current.n === 1;
  document.title = `${$("place").textContent} – ${session.study}`;
}

// ---------- status messages
function say(text, kind = "") {
  $("status").textContent = text;
  $("status").className = `status ${kind}`;
}

function showStatus() {
  if (queue.offline) {
    const many = queue.answers === 1 ? "1 answer is" : `${queue.answers} answers are`;
    say(`No connection. ${many} kept on this device and sent later. You can continue.`, "warn");
  } else if (queue.size) say("Saving …");
  else if (noticed) say(noticed, "warn");
  else if (current && current.touched) say("Saved", "good");
  else say("");
}

function fail(error) {
  current = null;
  $("progress").hidden = $("tools").hidden = $("bottom").hidden = true;
  const text = error instanceof Refused ? error.message : "Please try again later. Your ratings are kept.";
  const titles = { 401: "This link does not work", 403: "You can no longer rate in this study" };
  const title = error instanceof Refused ? titles[error.status] || "The request failed" : "The server cannot be reached";
  main.className = "";
  main.replaceChildren(card(title, text));
  if (!(error instanceof Refused)) main.firstChild.append(button("Try again", () => location.reload()));
}

function card(title, ...texts) {
  const box = document.createElement("article");
  box.className = "card narrow prose";
  const heading = document.createElement("h1");
  heading.textContent = title;
  heading.tabIndex = -1;
  box.append(heading, ...texts.map((text) => Object.assign(document.createElement("p"), { textContent: text })));
  return box;
}

function button(text, act) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "primary", textContent: text });
  made.append(Object.assign(document.createElement("kbd"), { textContent: "Enter" }));
  made.dataset.go = "on";
  made.addEventListener("click", act);
  return made;
}

function show(...nodes) {
  current = null;
  main.className = "";
  main.replaceChildren(...nodes);
  showProgress();
  say("");
  scrollTo(0, 0);
  main.querySelector("h1")?.focus();
}

const parse = (html) => new DOMParser().parseFromString(html, "text/html").body.childNodes;

// ---------- the next answers are fetched in advance, so that they are available without a connection
function fetchPage(n) {
  if (!pages.has(n)) {
    const page = (async () => {
      const data = await getJson(`/api/rater/tasks/${n}`);
      const blobs = await Promise.all(data.images.map((k) => getBlob(`/api/rater/tasks/${n}/images/${k}`)));
      return { ...data, urls: blobs.map((blob) => URL.createObjectURL(blob)) };
    })();
    pages.set(n, page);
    page.catch(() => pages.delete(n));
  }
  return pages.get(n);
}

function fetchAhead(n) {
  const ahead = session.tasks.filter((task) => task.n > n && isOpen(task)).slice(0, AHEAD).map((task) => task.n);
  const wanted = new Set([n - 1, n, ...ahead]);
  for (const [other, page] of pages) {
    if (wanted.has(other)) continue;
    pages.delete(other);
    page.then(({ urls }) => urls.forEach((url) => URL.revokeObjectURL(url)), () => {});
  }
  // Later answers are locked until the practice round is finished.
  const inTraining = session.tasks.some((task) => task.round === "training" && isOpen(task));
  for (const other of ahead) {
    if (!inTraining || taskOf(other).round === "training") fetchPage(other).catch(() => {});
  }
}

// ---------- one answer
// If another answer is opened while a page is loading, the later one is shown. Keys pressed meanwhile are ignored,
// because they would rate the answer that is still visible.
let opening = 0, opened = 0;
async function open(n) {
  const mine = (opening += 1);
  if (current) clock.stop();
  let data;
  try {
    data = await fetchPage(n);
  } catch (error) {
    if (mine !== opening) return;
    if (error instanceof Refused) return fail(error);
    show(card("No connection", "The next answer is not on this device yet. It is loaded as soon as there is a connection. Your ratings are kept."));
    showStatus();
    setTimeout(() => mine === opening && open(n), 3000);
    return;
  }
  if (mine !== opening) return;
  opened = mine;
  const task = taskOf(n);
  const waiting = queue.waiting(n).at(-1);
  const reply = structuredClone(waiting ? waiting.reply : task.reply || data.reply);
  current = { n, reply, required: data.required, touched: false, revision: Math.max(task.revision, data.revision) };
  noticed = "";
  main.className = "rating";
  main.replaceChildren(...parse(data.page));
  main.querySelectorAll("img[data-number]").forEach((image) => { image.src = data.urls[image.dataset.number]; });
  main.querySelectorAll(".viewer").forEach(makeZoom);
  $("questions").addEventListener("change", changed);
  $("questions").addEventListener("input", typed);
  $("questions").addEventListener("submit", (event) => event.preventDefault());
  $("questions").addEventListener("scroll", showMore, { passive: true });
  $("outline")?.addEventListener("click", (event) => {
    const entry = event.target.closest("li");
    if (entry) goTo(fieldsetOf(entry.dataset.for));
  });
  $("more").addEventListener("click", () => {
    const [first] = below();
    if (first) goTo(first);
  });
  fill();
  clock.start(Math.max(task.seconds, data.seconds));
  showProgress();
  showStatus();
  scrollTo(0, 0);
  $("item-title").textContent = $("place").textContent;
  $("item-title").focus({ preventScroll: true });
  history.replaceState({ n }, "", location.href);
  fetchAhead(n);
}

const textOf = (field, reply) => (field.id === "note" ? reply.note : reply.values[field.name] || "");

function fill() {
  const { values, skip } = current.reply;
  for (const field of $("questions").querySelectorAll("input[type=radio]")) {
    field.checked = String(values[field.name]) === field.value;
  }
  for (const part of $("questions").querySelectorAll(".contest")) {
    part.hidden = values[part.closest("fieldset").dataset.question] !== "contest";
  }
  for (const field of $("questions").querySelectorAll("textarea")) {
    const kept = textOf(field, current.reply);
    if (field.value !== kept) field.value = kept;
  }
  $("skipped").hidden = !skip;
  $("skipped").textContent = skip ? `Skipped: ${skip}. Choose a score to rate the answer after all.` : "";
  mark();
}

function mark() {
  const active = question();
  main.querySelectorAll("fieldset").forEach((set) => set.classList.toggle("now", set === active));
  for (const entry of $("outline")?.children || []) {
    const name = entry.dataset.for;
    const given = name in current.reply.values;
    const field = given && fieldsetOf(name).querySelector("input:checked");
    entry.className = [given && "done", active?.dataset.question === name && "now"].filter(Boolean).join(" ");
    entry.querySelector("b").textContent = field ? field.closest(".option").querySelector(".chip").textContent.trim() : "–";
  }
  showMore();
  const complete = stateOf(current.reply) !== "open";
  $("next").classList.toggle("ready", complete);
}

// The question to which a digit applies: the focused one, else the first without a score.
function question() {
  const sets = [...main.querySelectorAll("fieldset")];
  const focused = document.activeElement?.closest("fieldset");
  if (focused) return focused;
  return sets.find((set) => !(set.dataset.question in current.reply.values)) || sets[0];
}

// ---------- what is in view
const fieldsetOf = (name) => main.querySelector(`fieldset[data-question="${CSS.escape(name)}"]`);

// Header and footer lie over the page, and the list of questions over its panel.
function measure() {
  const root = document.documentElement.style;
  root.setProperty("--top", `${document.querySelector(".top").offsetHeight}px`);
  root.setProperty("--bottom", `${$("bottom").offsetHeight}px`);
  root.setProperty("--outline", `${$("outline")?.offsetHeight || 0}px`);
}

function reveal(set, behavior = "auto") {
  measure();
  const panel = getComputedStyle($("questions")).overflowY === "auto" ? $("questions") : null;
  const room = panel ? panel.clientHeight - ($("outline")?.offsetHeight || 0)
    : innerHeight - document.querySelector(".top").offsetHeight - $("bottom").offsetHeight;
  set.scrollIntoView({ block: set.offsetHeight > room ? "start" : "nearest", behavior });
  showMore();
}

function goTo(set) {
  (set.querySelector("input:checked") || set.querySelector("input")).focus({ preventScroll: true });
  reveal(set);
  mark();
}

// Questions that begin below the visible part of their panel.
function below() {
  const edge = $("questions").getBoundingClientRect().bottom - 2 * parseFloat(getComputedStyle(document.body).fontSize);
  return [...main.querySelectorAll("fieldset")].filter((set) => set.querySelector("legend").getBoundingClientRect().bottom > edge);
}

function showMore() {
  if (!$("questions")) return; // a scroll event may arrive after the page of the item has gone
  const names = below().map((set) => set.querySelector("legend").firstChild.textContent.trim());
  $("more").hidden = !names.length;
  $("more").textContent = `↓ More below: ${names.join(", ")}`;
}
addEventListener("resize", () => current && showMore());

function change(reply) {
  undoable.push({ n: current.n, reply: structuredClone(current.reply) });
  keep(reply);
}

function keep(reply) {
  const task = taskOf(current.n);
  Object.assign(current, { reply, touched: true });
  Object.assign(task, { reply, state: stateOf(reply), seconds: clock.seconds });
  noticed = "";
  queue.add(current.n, current.revision, reply, Math.round(clock.seconds * 10) / 10);
  fill();
  showProgress();
  showStatus();
}

// A text is also saved while it is typed, so that a note is not lost when the page is closed.
let typing;
function typed(event) {
  clearTimeout(typing);
  if (event.target.tagName === "TEXTAREA") typing = setTimeout(() => changed(event), TYPING);
}

function keepText() {
  if (current && document.activeElement?.tagName === "TEXTAREA") changed({ target: document.activeElement });
}

function changed(event) {
  clearTimeout(typing);
  const field = event.target;
  if (field.tagName === "TEXTAREA" && field.value === textOf(field, current.reply)) return;
  const reply = structuredClone(current.reply);
  if (field.id === "note") reply.note = field.value;
  else if (field.type === "radio") {
    reply.values[field.name] = "text" in field.dataset ? field.value : Number(field.value);
    reply.skip = "";
    // An own score and a comment belong to a contested score of the judge only.
    if (field.closest(".approval > .options") && field.value !== "contest") {
      delete reply.values[`${field.name}:own`];
      delete reply.values[`${field.name}:comment`];
    }
  }
  else if (field.value) reply.values[field.name] = field.value;
  else delete reply.values[field.name];
  change(reply);
}

function choose(key) {
  const set = question();
  const field = set?.querySelector(`input[data-key="${CSS.escape(key)}"]`);
  if (!field || field.closest("[hidden]")) return false;
  field.checked = true;
  field.dispatchEvent(new Event("change", { bubbles: true }));
  const own = field.value === "contest" && set.querySelector(".contest input");
  if (own) { // a digit now gives the rater's own score
    own.focus({ preventScroll: true });
    reveal(set);
    return true;
  }
  const later = [...main.querySelectorAll("fieldset")];
  const after = later.slice(later.indexOf(set) + 1).find((other) => !(other.dataset.question in current.reply.values));
  (after?.querySelector("input:checked") || after?.querySelector("input") || field).focus({ preventScroll: true });
  reveal(after || set, matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");
  mark();
  return true;
}

function leaveNote() {
  if (document.activeElement?.tagName === "TEXTAREA") document.activeElement.blur();
}

async function next() {
  if (!current) return main.querySelector("[data-go]")?.click();
  leaveNote();
  const missing = current.required.filter((name) => !(name in current.reply.values)).length;
  if (stateOf(current.reply) === "open") {
    noticed = missing === 1 ? "One question is still open." : `${missing} questions are still open.`;
    showStatus();
    const set = [...main.querySelectorAll("fieldset")].find((other) => !(other.dataset.question in current.reply.values));
    if (set) goTo(set);
    return;
  }
  const task = taskOf(current.n);
  if (task.round === "training") return feedback(task.n);
  const following = session.tasks.find((other) => other.n > task.n);
  // After a correction of an earlier answer, continue with the next open one.
  const wanted = following && !isOpen(following) ? firstOpen(task.n) : following;
  wanted ? open(wanted.n) : finish();
}

async function feedback(n) {
  const mine = (opening += 1);
  await queue.send();
  let data, problem;
  try {
    data = await getJson(`/api/rater/tasks/${n}/feedback`);
  } catch (error) {
    problem = error;
  }
  if (mine !== opening) return; // a later click has sent a new request
  opened = mine;
  if (problem) {
    say(problem instanceof Refused ? problem.message : "No connection. The feedback is shown when the connection is back.", "warn");
    return;
  }
  show(...parse(data.page));
  main.querySelector("[data-go]").addEventListener("click", () => {
    const following = firstOpen();
    if (following && following.round !== "training") startStudy(following.n);
    else following ? open(following.n) : finish();
  });
}

function startStudy(n) {
  const count = session.tasks.filter((task) => task.round === "study").length;
  const box = card("Practice is over", `The following ${count} answers count. You can take breaks: Pause stops the time.`);
  box.append(button("Start", () => open(n)));
  show(box);
}

function finish() {
  const left = firstOpen();
  if (left) return open(left.n);
  const box = card("All done. Thank you!", "You have rated all answers. You can open any answer again and change your rating, or close this page.");
  box.id = "finished";
  box.append(button("Look at all answers", showList));
  show(box);
  showStatus();
  showCode();
}

// The code for a platform that pays raters; the server gives it when it has every rating.
async function showCode() {
  const box = $("finished");
  if (!box || box.dataset.asked || queue.size) return;
  box.dataset.asked = "on";
  try {
    const { code } = await getJson("/api/rater/completion");
    if (!code) return;
    const text = Object.assign(document.createElement("p"), { textContent: "Your completion code: " });
    text.append(Object.assign(document.createElement("span"), { className: "code", textContent: code }));
    box.querySelector("h1").after(text);
  } catch (error) {
    if (error instanceof Refused) return;
    setTimeout(() => { delete box.dataset.asked; showCode(); }, 3000);
  }
}

function undo() {
  const last = undoable.pop();
  if (!last) return;
  const put = () => { keep(last.reply); say("Undone", "good"); };
  if (last.n === current?.n) return put();
  open(last.n).then(() => (last.n === current?.n ? put() : undoable.push(last)));
}

// ---------- dialogs
function showList() {
  const entries = session.tasks.filter((task) => task.round !== "training").map((task, index) => {
    const entry = document.createElement("li");
    const link = Object.assign(document.createElement("button"), { type: "button", textContent: index + 1, className: task.state });
    link.setAttribute("aria-label", `Answer ${index + 1}, ${task.state === "open" ? "not rated yet" : task.state === "done" ? "rated" : "skipped"}`);
    link.addEventListener("click", () => { $("list-dialog").close(); open(task.n); });
    entry.append(link);
    return entry;
  });
  $("list").replaceChildren(...entries);
  $("list-dialog").showModal();
}

function pause() {
  clock.stop();
  document.body.classList.add("paused");
  $("pause-dialog").showModal();
}

function askWhySkipped() {
  $("skip-reason").value = current.reply.skip;
  $("skip-dialog").returnValue = "";
  $("skip-dialog").showModal();
  $("skip-reason").focus();
}

$("pause-dialog").addEventListener("close", () => { document.body.classList.remove("paused"); clock.go(); });
$("skip-dialog").addEventListener("close", () => {
  const reason = $("skip-reason").value.trim();
  if ($("skip-dialog").returnValue !== "skip" || !reason) return;
  change({ ...structuredClone(current.reply), skip: reason });
  next();
});
// Enter in the reason skips; by default it would press the first submit button, which is Cancel.
$("skip-reason").addEventListener("keydown", (event) => {
  if (event.key === "Enter") { event.preventDefault(); $("skip-confirm").click(); }
});

// ---------- keyboard and buttons
const back = () => current && current.n > 1 && open(current.n - 1);
const shortcuts = {
  n: () => $("note")?.focus(), s: () => current && askWhySkipped(), u: undo, p: pause, b: back,
  "?": () => $("help-dialog").showModal(),
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !session?.began) return;
  const at = event.target;
  if (at.tagName === "TEXTAREA" && event.key === "Escape") { leaveNote(); $("next").focus(); return; }
  if ($("pause-dialog").open && event.key === "p") { $("resume").click(); return; }
  if (current && opened !== opening) return;
  if (document.querySelector("dialog[open]") || at.tagName === "TEXTAREA" || at.id === "skip-reason") return;
  if (event.key === "Enter") {
    if (at.tagName === "BUTTON" || at.tagName === "A" || at.tagName === "SUMMARY") return;
    event.preventDefault();
    next();
  } else if ($("shortcuts").checked) {
    if (current && /^[0-9xac]$/.test(event.key) && choose(event.key)) event.preventDefault();
    else if (event.key in shortcuts) { event.preventDefault(); shortcuts[event.key](); }
  }
});
main.addEventListener("focusin", () => current && mark());
$("next").addEventListener("click", next);
$("back").addEventListener("click", back);
$("undo").addEventListener("click", undo);
$("skip").addEventListener("click", askWhySkipped);
$("pause").addEventListener("click", pause);
$("show-list").addEventListener("click", showList);
$("show-help").addEventListener("click", () => $("help-dialog").showModal());
$("jump").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
$("shortcuts").addEventListener("change", () => {
  storage.setItem("rating-study:shortcuts", $("shortcuts").checked ? "on" : "off");
});
document.addEventListener("visibilitychange", () => document.hidden && keepText());
addEventListener("beforeunload", (event) => {
  keepText();
  if (queue?.size) event.preventDefault();
});
addEventListener("hashchange", () => location.reload());

// ---------- callbacks of the queue
const reports = {
  saved(n, state) {
    const task = taskOf(n);
    task.revision = Math.max(task.revision, state.revision);
    if (current?.n === n) current.revision = task.revision;
  },
  async conflict(n, state) {
    const task = taskOf(n);
    Object.assign(task, { revision: state.revision, state: state.state, reply: state.reply, seconds: state.seconds });
    pages.delete(n);
    if (current?.n !== n) return;
    Object.assign(current, { revision: state.revision, reply: structuredClone(state.reply) });
    noticed = "This answer was changed in another window. The saved rating is shown.";
    fill();
    showProgress();
  },
  refused(n, error) {
    if (error.status === 401 || error.status === 403) fail(error);
    else noticed = `Answer ${n} was not saved: ${error.message}`;
  },
  change() { showStatus(); showCode(); },
};

async function start() {
  if (!token()) throw new Refused(401, { error: "This page needs the full link that you were sent." });
  session = await getJson("/api/rater/session");
  $("study").textContent = session.study;
  $("help").replaceChildren(...[...parse(session.welcome)[0].childNodes].filter((node) => node.nodeName !== "H1"));
  $("shortcuts").checked = storage.getItem("rating-study:shortcuts") !== "off";
  queue = new Queue(session.key, reports);
  queue.send();
  if (!session.began) return welcome();
  const first = firstOpen();
  first ? open(first.n) : finish();
}

function welcome() {
  const begin = button("I have read this and agree", async () => {
    begin.disabled = true; // a second click would reopen the first answer while the rater is rating it
    try {
      await sendJson("POST", "/api/rater/begin", {});
    } catch (error) {
      return fail(error);
    }
    session.began = true;
    open(firstOpen().n);
  });
  const page = [...parse(session.welcome)];
  page[0].append(begin);
  show(...page);
}

start().catch(fail);
