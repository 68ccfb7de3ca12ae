"use strict";
// Makes the dashboard live: puts the fragments from the stream where they
// belong, and moves a card when its element moves to another list. Without it
// the page is the same, but does not change.

const still = matchMedia("(prefers-reduced-motion: reduce)");
const byId = (id) => document.getElementById(id);
const version = byId("live").dataset.version; // of what the page is made of

// ---- fragments ----

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

// kept are attributes that the page sets, and the server does not know of.
const kept = ["open", "aria-busy"];

// morph makes an element like another and keeps what is equal, so that focus,
// selection and what a person typed stay.
function morph(old, now) {
  for (const { name } of [...old.attributes])
    if (!now.hasAttribute(name) && !kept.includes(name)) old.removeAttribute(name);
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

// refuges are where the focus goes if its element does: to its card, else to the
// one beside it, else to the heading above.
function refuges(focus) {
  const card = focus.closest(".card"), headings = [];
  for (let section = focus.closest("section"); section; section = section.parentElement.closest("section"))
    headings.push(section.querySelector("h2, h3"));
  return [focus, card, card?.nextElementSibling, card?.previousElementSibling, ...headings];
}

// refocus gives the focus to the first that can have it, and scrolls there only
// for who works with the keyboard.
function refocus(elements, preventScroll) {
  for (const one of elements) {
    if (!one || one.disabled) continue;
    if (one !== document.activeElement) one.focus({ preventScroll });
    if (one === document.activeElement) return;
  }
}

function apply({ all, version: its, put: fragments = [], gone = [] }) {
  const moves = fragments.some((one) => one.in && one.in !== "events" && byId(one.id)?.parentElement?.id !== one.in) || gone.length;
  const from = positions();
  if (all) {
    byId("outdated").hidden = its === version;
    const ids = new Set(fragments.map((one) => one.id));
    gone = [...document.querySelectorAll(".card, .event")].map((e) => e.id).filter((id) => !ids.has(id));
  }
  // Events come newest first; each goes before those of the same age.
  const focus = document.activeElement, near = refuges(focus), byPointer = !focus.matches(":focus-visible");
  for (const one of fragments.toReversed()) put(one);
  for (const id of gone) byId(id)?.remove();
  refocus(near, byPointer);
  settle(from);
  if (moves && !still.matches && document.visibilityState === "visible") move(from);
  if (fragments.some((one) => one.in === "events") || all) filter();
  tick();
  document.title = `${document.querySelector("#verdict .sentence").textContent} – deux`;
}

// ---- times, in the reader's zone ----

function age(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
  return `${Math.floor(s / 86400)} d`;
}

let ahead = 0; // the server's clock is, in ms

function tick() {
  const now = Date.now() + ahead;
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
