// Pictures side by side; zoom and pan apply to all of them.
const MOST = 8;
const STILL = 4; // pixels by which a click may move

export function makeZoom(root) {
  const panes = [...root.querySelectorAll(".pane")].filter((pane) => pane.querySelector("img"));
  const output = root.querySelector("output");
  const fingers = new Map();
  let scale = 1, x = 0, y = 0; // x and y: shift as a fraction of the pane
  let start = null, moved = false; // where the pointer went down, and whether it has moved since

  function draw() {
    const room = (scale - 1) / 2;
    x = Math.max(-room, Math.min(room, x));
    y = Math.max(-room, Math.min(room, y));
    for (const pane of panes) {
      pane.querySelector("img").style.transform = `translate(${x * 100}%, ${y * 100}%) scale(${scale})`;
      pane.classList.toggle("zoomed", scale > 1);
    }
    output.textContent = `${Math.round(scale * 100)} %`;
  }

  // Zoom around the point (px, py), measured from the center as a fraction of the pane.
  function zoom(factor, px = 0, py = 0) {
    const before = scale;
    scale = Math.max(1, Math.min(MOST, scale * factor));
    x = px + (x - px) * (scale / before);
    y = py + (y - py) * (scale / before);
    draw();
  }

  const move = (dx, dy) => { x += dx; y += dy; draw(); };
  const fit = () => { scale = 1; x = 0; y = 0; draw(); };

  function place(event, pane) {
    const box = pane.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width - 0.5, (event.clientY - box.top) / box.height - 0.5];
  }

  function spread() {
    const [a, b] = [...fingers.values()];
    return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  }

  for (const pane of panes) {
    pane.addEventListener("click", (event) => {
      event.preventDefault(); // without a script a link opens the picture alone
      // The second click of a double click would take back what the first has done.
      if (!moved && event.detail < 2) scale > 1 ? fit() : zoom(2.5, ...place(event, pane));
    });
    pane.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && scale === 1) return; // the wheel scrolls the page
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, ...place(event, pane));
    }, { passive: false });
    pane.addEventListener("pointerdown", (event) => {
      if (!fingers.size) [start, moved] = [event, false];
      fingers.set(event.pointerId, event);
      if (scale > 1) pane.setPointerCapture(event.pointerId);
    });
    pane.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const box = pane.getBoundingClientRect();
      const was = fingers.size === 2 ? spread() : 0;
      fingers.set(event.pointerId, event);
      moved ||= fingers.size > 1 || Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > STILL;
      if (fingers.size === 2) zoom(spread() / was, ...place(event, pane));
      else if (scale > 1) move((event.clientX - before.clientX) / box.width, (event.clientY - before.clientY) / box.height);
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
      pane.addEventListener(end, (event) => fingers.delete(event.pointerId));
    }
  }

  root.querySelector(".zoom").addEventListener("click", (event) => {
    const wanted = { in: () => zoom(1.5), out: () => zoom(1 / 1.5), fit }[event.target.dataset.zoom];
    wanted?.();
  });

  const keys = {
    "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), 0: fit,
    ArrowLeft: () => move(0.1, 0), ArrowRight: () => move(-0.1, 0),
    ArrowUp: () => move(0, 0.1), ArrowDown: () => move(0, -0.1),
  };
  root.addEventListener("keydown", (event) => {
    if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  });
  draw();
}
