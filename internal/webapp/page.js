"use strict";
// Makes the dashboard live: puts the fragments from the stream where they
// belong, and moves a card when its element moves to another list. Without it
// the page is the same, but does not change.

const still = matchMedia("(prefers-reduced-motion: reduce)");
const byId = (id) => document.getElementById(id);

// ---- fragments ----

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

// morph makes an element like another and keeps what is equal, so that focus,
// selection and what a person typed stay.
function morph(old, now) {
  for (const { name } of [...old.attributes])
    if (!now.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of now.attributes)
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const kids = [...old.childNodes], wanted = [...now.childNodes];
  wanted.forEach((node, i) => {
    const kid = kids[i];
    if (!kid) old.append(node);
    else if (kid.nodeName !== node.nodeName) kid.replaceWith(node);
    else if (node.nodeType !== Node.ELEMENT_NODE) { if (kid.data !== node.data) kid.data = node.data; }
    else morph(kid, node);
  });
  kids.slice(wanted.length).forEach((kid) => kid.remove());
}

// place puts an element into its list, in order.
function place(list, element, order) {
  for (const other of list.children)
    if (Number(other.dataset.order) >= order && other !== element) return list.insertBefore(element, other);
  list.append(element);
}

function put(one) {
  const old = byId(one.id), now = parse(one.html), list = one.in && byId(one.in);
  if (old) morph(old, now);
  else if (list) now.classList.add("new");
  const element = old || now;
  if (list && element.parentElement !== list) place(list, element, one.order || 0);
}

// positions returns where the cards are now, so that they can move from there.
function positions() {
  return new Map([...document.querySelectorAll(".card")].map((card) => [card, card.getBoundingClientRect()]));
}

// settle remembers which cards have come to lie elsewhere than they were.
function settle(from) {
  for (const [card, is] of positions()) {
    const was = from.get(card);
    if (was?.left !== is.left || was.top !== is.top) settled.set(card, performance.now());
  }
  document.body.classList.toggle("astray", Boolean(rests) && cardAt(rests) !== aimed);
}

function move(from) {
  for (const [card, was] of from) {
    const is = card.getBoundingClientRect(), x = was.left - is.left, y = was.top - is.top;
    if (card.isConnected && (x || y))
      card.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: "none" }], { duration: 400, easing: "cubic-bezier(.2,.7,.2,1)" });
  }
}

function apply({ all, put: fragments = [], gone = [] }) {
  const moves = fragments.some((one) => one.in && one.in !== "events" && byId(one.id)?.parentElement?.id !== one.in) || gone.length;
  const from = positions();
  if (all) {
    const ids = new Set(fragments.map((one) => one.id));
    gone = [...document.querySelectorAll(".card, .event")].map((e) => e.id).filter((id) => !ids.has(id));
  }
  // Events come newest first; each goes before those of the same age.
  const focus = document.activeElement;
  for (const one of fragments.toReversed()) put(one);
  for (const id of gone) byId(id)?.remove();
  if (focus && focus !== document.activeElement && focus.isConnected) focus.focus();
  settle(from);
  if (moves && !still.matches && document.visibilityState === "visible") move(from);
  if (fragments.some((one) => one.in === "events") || all) filter();
  tick();
  document.title = `${document.querySelector("#verdict .sentence").textContent} – deux`;
}

// ---- aim ----

// When cards close up, another comes to lie under a pointer at rest, and a click
// there is not meant for it. A card is aimed at if the pointer has moved, or the
// person has scrolled, while the card was under it.
const settled = new WeakMap(), settling = 700, jitter = 3; // ms, pixels
let aimed, rests, scrolls = -Infinity, touches = false;

const cardAt = ({ x, y }) => document.elementFromPoint(x, y)?.closest(".card") ?? null;

function aim({ clientX: x, clientY: y, pointerType }) {
  touches = pointerType === "touch";
  if (touches || rests && Math.hypot(x - rests.x, y - rests.y) < jitter) return;
  rests = { x, y };
  aimed = cardAt(rests);
  document.body.classList.remove("astray");
}

function isMeant(card) {
  if (performance.now() - settled.get(card) < settling) return false;
  return touches || aimed === card;
}

for (const type of ["pointermove", "pointerdown"]) addEventListener(type, aim, { capture: true, passive: true });
addEventListener("wheel", () => { scrolls = performance.now(); }, { passive: true });
addEventListener("scroll", () => {
  if (rests && performance.now() - scrolls < 1000) aimed = cardAt(rests);
}, { capture: true, passive: true });

// A click of the keyboard has no detail.
addEventListener("click", (event) => {
  const card = event.target.closest?.("button")?.closest(".card");
  if (!card || !event.detail || isMeant(card)) return;
  event.preventDefault();
  note(`Nothing was done: ${card.querySelector(".port, .garbage").textContent} came to lie there by itself. Point at it again, then click.`, true);
}, { capture: true });

// ---- times, in the reader's zone ----

function age(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
  return `${Math.floor(s / 86400)} d`;
}

function tick() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    const text = "age" in time.dataset ? age(now - at)
      : at.toDateString() === new Date().toDateString() ? at.toLocaleTimeString() : at.toLocaleString();
    if (time.textContent !== text) time.textContent = text;
    if (!time.title) time.title = at.toLocaleString();
  }
}

// ---- filter ----

function filter() {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const event of byId("events").children) {
    const text = event.textContent.toLowerCase();
    event.hidden = !words.every((word) => text.includes(word));
  }
}

// ---- buttons ----

let clearing;

// note says what has happened, for a while: longer if a person has to read why
// it has not. Nothing else on the page makes room for it.
function note(text, bad) {
  const notice = byId("notice");
  clearTimeout(clearing);
  notice.textContent = text;
  notice.classList.toggle("bad", Boolean(bad));
  byId("dismiss")?.remove();
  if (!text) return;
  const button = document.createElement("button");
  Object.assign(button, { id: "dismiss", type: "button", className: "quiet", textContent: "×", onclick: () => note("") });
  button.setAttribute("aria-label", "Dismiss the notice");
  notice.after(button);
  const clear = () => {
    if (button.matches(":hover, :focus")) clearing = setTimeout(clear, 1000);
    else note("");
  };
  clearing = setTimeout(clear, bad ? 20000 : 8000);
}

addEventListener("keydown", ({ key }) => { if (key === "Escape") note(""); });

function done(path, answer, body) {
  const name = body.get("server")?.replace(/^http:\/\/[^/]*:/, "");
  switch (path) {
    case "/spawn": return `${answer.port} is wanted.`;
    case "/retry": return `${name} is wanted again.`;
    case "/forget": return `${name} is forgotten.`;
    case "/destroy": return answer.message || `${answer.port} is leaving.`;
    default: return `Picture stored, ${answer.bytes} bytes.`;
  }
}

// next is where to go after a login: to what was asked for, which then asks, or
// to the first page if that needs a form.
function next(path, body) {
  return path === "/upload" || body.has("server") ? "/" : path;
}

async function send(path, body) {
  note("");
  try {
    const response = await fetch(path, { method: "POST", body, headers: { Accept: "application/json" } });
    if (response.status === 401) return location.assign(`/login?next=${encodeURIComponent(next(path, body))}`);
    const answer = await response.json();
    note(response.ok ? done(path, answer, body) : answer.error, !response.ok);
  } catch {
    note("No answer. It may have happened or not: check before you try again.", true);
  }
}

addEventListener("submit", async (event) => {
  const form = event.target, path = new URL(form.action).pathname;
  if (form.method !== "post" || !["/spawn", "/destroy", "/retry", "/forget", "/upload"].includes(path)) return;
  event.preventDefault();
  const data = new FormData(form), button = form.querySelector("button");
  button.setAttribute("aria-busy", "true");
  await send(path, path === "/upload" ? data : new URLSearchParams(data));
  button.removeAttribute("aria-busy");
  if (path === "/upload") form.reset();
});

const pictures = byId("h-pictures")?.closest("section");
for (const type of ["dragover", "dragleave", "drop"])
  pictures?.addEventListener(type, (event) => {
    event.preventDefault();
    pictures.classList.toggle("over", type === "dragover");
    if (type !== "drop" || !event.dataTransfer.files.length) return;
    const data = new FormData();
    data.append("image", event.dataTransfer.files[0]);
    send("/upload", data);
  });

byId("filter").form.addEventListener("submit", (event) => event.preventDefault());
byId("filter").addEventListener("input", filter);

// ---- the stream ----

let lost;

function live(is) {
  clearTimeout(lost);
  document.body.classList.toggle("live-now", is);
  if (is) document.body.classList.remove("lost");
  else lost = setTimeout(() => document.body.classList.add("lost"), 2000);
}

function receive({ data }) {
  if ("live" in data) live(data.live);
  if (data.update) apply(data.update);
}

// Without shared workers (Chrome on Android) each tab has its own stream.
function alone() {
  let stream;
  const open = () => {
    stream = new EventSource("/events");
    stream.onopen = () => live(true);
    stream.onmessage = ({ data }) => apply(JSON.parse(data));
    stream.onerror = () => {
      live(false);
      if (stream.readyState === EventSource.CLOSED) setTimeout(() => stream && open(), 500);
    };
  };
  return { show: open, hide: () => { stream?.close(); stream = undefined; } };
}

function shared() {
  const { port } = new SharedWorker("/live.js", "deux");
  port.onmessage = receive;
  return { show: () => port.postMessage("show"), hide: () => port.postMessage("hide") };
}

const source = "SharedWorker" in window ? shared() : alone();
const follow = () => (document.visibilityState === "visible" ? source.show() : source.hide());
addEventListener("visibilitychange", follow);
addEventListener("pagehide", () => source.hide());
addEventListener("pageshow", follow);
setInterval(tick, 1000);
tick();
