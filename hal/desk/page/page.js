// The page of a desk device's touchscreen. /screen.json says which buttons are drawn
// and what can be read, and /screen.png is the picture. Every touch goes to the device
// as a point; what it means is decided there.

const screen = document.getElementById("screen");
const picture = document.getElementById("picture");
const targets = document.getElementById("targets");
const text = document.getElementById("text");
const offline = document.getElementById("offline");
const lamp = document.getElementById("lamp");
const letters = document.getElementById("letters");

const width = Number(screen.dataset.width);
const height = Number(screen.dataset.height);

const keys = {
  a: "approve", d: "deny", l: "to-laptop", r: "read-here", n: "next", p: "prev", o: "ok", c: "cancel",
};

const touchTimeout = 5_000; // ms
const pollTimeout = 45_000; // ms; the device answers after 30 s at the latest
const retryPause = 1_000; // ms
const maxWaiting = 8; // touches on their way to the device

let shown = { revision: 0, targets: [] };

// Size: as large as the window allows, in steps of half a pixel per pixel if there is
// room for all of them.
function fit() {
  const room = Math.min((innerWidth - 100) / width, (innerHeight - 220) / height, 800 / width);
  const scale = room < 1 ? Math.max(room, 0.5) : Math.floor(room * 2) / 2;
  screen.style.width = `${width * scale}px`;
  screen.style.height = `${height * scale}px`;
  picture.style.imageRendering = Number.isInteger(scale * devicePixelRatio) ? "pixelated" : "auto";
}

// Touches go out one after the other, so that a release never overtakes its
// press.
let last = Promise.resolve();
let waiting = 0;

function touch(action, point) {
  if (waiting >= maxWaiting) return;
  waiting++;
  last = last.then(async () => {
    try {
      await fetch(`/${action}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(point),
        signal: AbortSignal.timeout(touchTimeout),
      });
    } catch {
      // The poll below shows whether the device is still there.
    } finally {
      waiting--;
    }
  });
}

// The device's pixel under a pointer, and the screen that it is meant for. A finger
// that slid off the glass is off the screen there too.
function pixel(event) {
  const box = picture.getBoundingClientRect();
  return {
    x: Math.floor((event.clientX - box.left) * width / box.width),
    y: Math.floor((event.clientY - box.top) * height / box.height),
    revision: shown.revision,
  };
}

let down = null;

screen.addEventListener("pointerdown", (event) => {
  if (!event.isPrimary || event.button !== 0) return;
  down = event.pointerId;
  screen.setPointerCapture(down);
  touch("press", pixel(event));
});

screen.addEventListener("pointerup", (event) => {
  if (event.pointerId !== down) return;
  down = null;
  touch("release", pixel(event));
});

screen.addEventListener("pointercancel", (event) => {
  if (event.pointerId !== down) return;
  down = null;
  touch("release", { x: -1, y: -1, revision: shown.revision });
});

function tapTarget(name) {
  const target = shown.targets.find((t) => t.name === name);
  if (!target) return;
  touch("tap", {
    x: target.x + Math.floor(target.w / 2),
    y: target.y + Math.floor(target.h / 2),
    revision: shown.revision,
  });
}

// A click without a pointer comes from Enter, Space or a screen reader; with
// one, press and release have told the device already.
targets.addEventListener("click", (event) => {
  if (event.detail === 0 && event.target.dataset.name) tapTarget(event.target.dataset.name);
});

// A key that is held taps once, as a finger does; a browser would click the button
// that has the focus again and again.
for (const kind of ["keydown", "keypress"]) {
  screen.addEventListener(kind, (event) => {
    if (event.repeat && event.key === "Enter") event.preventDefault();
  });
}

// Letters count only while the screen or a button on it has the focus.
screen.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  const name = keys[event.key.toLowerCase()];
  if (!name) return;
  event.preventDefault();
  tapTarget(name);
});

function draw(next) {
  shown = next;
  screen.dataset.name = next.screen;
  screen.dataset.revision = next.revision;
  drawTargets(next.targets);
  drawLetters(next.targets);
  const spoken = next.text.join("\n");
  if (text.textContent !== spoken) text.textContent = spoken;
}

// A button that stays keeps its element, and with it the focus.
function drawTargets(list) {
  const old = new Map([...targets.children].map((b) => [b.dataset.name, b]));
  for (const t of list) {
    let button = old.get(t.name);
    old.delete(t.name);
    if (!button) {
      button = document.createElement("button");
      button.type = "button";
      button.dataset.name = t.name;
      targets.append(button);
    }
    button.textContent = t.label || t.name;
    button.setAttribute("aria-disabled", String(!t.active));
    button.style.left = `${100 * t.x / width}%`;
    button.style.top = `${100 * t.y / height}%`;
    button.style.width = `${100 * t.w / width}%`;
    button.style.height = `${100 * t.h / height}%`;
  }
  if ([...old.values()].includes(document.activeElement)) screen.focus();
  for (const button of old.values()) button.remove();
}

// The letters that mean something on this screen.
function drawLetters(list) {
  letters.replaceChildren();
  for (const [letter, name] of Object.entries(keys)) {
    const target = list.find((t) => t.name === name);
    if (!target) continue;
    const key = document.createElement("kbd");
    key.textContent = letter.toUpperCase();
    letters.append(" ", key, ` ${(target.label || name).toLowerCase()}`);
  }
}

function running(yes) {
  offline.hidden = yes;
  lamp.classList.toggle("on", yes);
}

// paint shows the picture of a revision, or a newer one, which taps are then not
// meant for. Buttons come with their picture, so that nobody taps what is not seen.
async function paint(revision) {
  picture.src = `/screen.png?${revision}-${Date.now()}`;
  await picture.decode();
  if (picture.naturalWidth !== width || picture.naturalHeight !== height) location.reload(); // it is another device's
}

// watch follows the screen until stop is signalled. A page that is not seen
// keeps no connection: a browser has few of them for each server.
async function watch(stop) {
  let revision = 0;
  while (!stop.aborted) {
    try {
      const answer = await fetch(`/screen.json?after=${revision}`, {
        signal: AbortSignal.any([stop, AbortSignal.timeout(pollTimeout)]),
      });
      if (!answer.ok) throw new Error(answer.statusText);
      const next = await answer.json();
      await paint(next.revision);
      revision = next.revision;
      running(true);
      draw(next);
    } catch {
      if (stop.aborted) return;
      running(false);
      picture.removeAttribute("src"); // it is the stopped device's
      draw({ revision: 0, screen: "", text: [], targets: [] });
      revision = 0;
      await new Promise((done) => setTimeout(done, retryPause));
    }
  }
}

let watching = null;

function look() {
  if (document.hidden) {
    watching?.abort();
    watching = null;
    picture.removeAttribute("src");
  } else if (!watching) {
    watching = new AbortController();
    watch(watching.signal);
  }
}

addEventListener("resize", fit);
document.addEventListener("visibilitychange", look);
fit();
look();
