// The stepper: shows one recording (record.py) at one step, and moves between steps. Used as an anywidget and by page.py.
// A recording is data only; nothing here asks a kernel or a network. Left out: how a run is recorded.

const STATES = {
  none: "no kernel", launch: "launch", run: "runs", wait: "WAITS", done: "done", busy: "busy", stall: "STALLS", idle: "idle",
};
const DST = { free: "free", math: "MATH writes", ready: "ready for PACK", pack: "PACK reads" };
const PAGES = {
  F: "free", S: "set aside (reserved)", W: "being written", P: "pushed, ready", R: "being read (waited for)",
};
const THREADS = ["UNPACK", "MATH", "PACK"];
const SPEEDS = [1, 2, 5, 10, 20, 50];
const CELLS = 64; // pages of a CB that get a box each; a longer ring is drawn in stretches of like pages
const LINES = 60; // of the log
const SHOWN = 6; // transfers named one by one

const number = (n) => n.toLocaleString("en-US");
const plural = (n, word) => `${number(n)} ${word}${n === 1 ? "" : "s"}`;

/** An element: `h("p.tt-note", {title: "x"}, "text", child)`. */
function h(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

/** Long names may break after an underscore. */
const breakable = (text) => text.replaceAll("_", "_\u200b");

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// ---- the tape ---------------------------------------------------------------------------------------------------

/** A recording that can be asked for its state after any step, 1 to `length`. */
class Tape {
  constructor(data) {
    this.data = data;
    this.length = data.steps.length;
    this.marks = [{ ...data.start }]; // the state before step 0, 50, 100 ...
    this.at = 0;
    this.now = { ...data.start };
  }

  state(step) {
    if (step < this.at) {
      this.at = Math.floor(step / 50) * 50;
      this.now = { ...this.marks[this.at / 50] };
    }
    while (this.at < step) this.forward();
    return this.now;
  }

  forward() {
    const changes = this.data.steps[this.at++][1];
    for (let i = 0; i < changes.length; i += 2) this.now[this.data.keys[changes[i]]] = this.data.values[changes[i + 1]];
    if (this.at % 50 === 0) this.marks[this.at / 50] ??= { ...this.now };
  }

  cycle(step) {
    return this.data.steps[step - 1][0];
  }

  told(step) {
    return this.data.steps[step - 1][2].map((n) => this.data.told[n]);
  }

  /** The next step after `step` that has `mark`, or null. */
  next(step, mark) {
    for (let k = step + 1; k <= this.length; k++) if (this.data.steps[k - 1][3].includes(mark)) return k;
    return null;
  }

  /** What is under way at a cycle, and how many transfers have landed. */
  transfers(cycle) {
    const begun = this.data.transfers.filter(([begin]) => begin <= cycle);
    const flying = begun.filter(([, land]) => land > cycle);
    return { flying, landed: this.data.landed + begun.length - flying.length };
  }

  place(n) {
    return n === null ? null : this.data.places[n];
  }
}

/** The letter of each page of a CB, by its place in the ring, and where its two pointers stand. */
function ring(cb, state, flying) {
  const at = (what) => state[`cb ${cb.index} ${what}`];
  const [pushed, popped, reserved, held] = ["pushed", "popped", "reserved", "held"].map(at);
  const letters = Array(cb.pages).fill("F");
  for (let k = 0; k < cb.pages; k++) {
    const page = popped + k;
    letters[page % cb.pages] = page < pushed ? (page < held ? "R" : "P") : page < reserved ? "S" : "F";
  }
  const packing = at("packing");
  if (packing === "reserved") letters.forEach((letter, k) => { if (letter === "S") letters[k] = "W"; });
  const written = flying.filter(([, , , kind, index]) => kind === "read" && index === cb.index).map((t) => t[5]);
  if (Array.isArray(packing)) written.push(packing);
  for (const [first, last] of written) letters.fill("W", first, last + 1);
  return { letters, front: popped % cb.pages, back: pushed % cb.pages, pushed, popped };
}

/** Like pages in a row as one stretch: [letter, first, count]. Pointers end a stretch. */
function stretches({ letters, front, back }) {
  const found = [];
  letters.forEach((letter, k) => {
    const last = found.at(-1);
    if (last && last[0] === letter && k !== front && k !== back) last[2]++;
    else found.push([letter, k, 1]);
  });
  return found;
}

// ---- parts of the view: each has an element and `show(moment)` ----------------------------------------------------

/** The five RISCs. Choosing one shows its kernel. */
function riscCards(tape, choose) {
  const cards = tape.data.riscs.map((risc) => {
    const source = risc.source === null ? null : tape.data.sources[risc.source];
    const badge = h("span.tt-badge");
    const where = h("span.tt-where");
    const text = h("code.tt-call");
    const waits = h("span.tt-waits");
    const name = h("span.tt-name", {}, h("b", {}, risc.name), risc.role ? ` ${risc.role}` : "");
    const card = h("button.tt-card", { type: "button", "data-risc": risc.name, onclick: () => choose(risc.name) },
      h("span.tt-row", {}, name, badge), where, text, waits);
    if (!source) card.disabled = true;
    return { risc, source, card, badge, where, text, waits };
  });
  return {
    element: h("div.tt-cards", { role: "group", "aria-label": "The five RISCs; choose one to see its kernel" }, ...cards.map((c) => c.card)),
    show({ state, chosen }) {
      for (const { risc, source, card, badge, where, text, waits } of cards) {
        const [what, place, words] = state[`risc ${risc.name}`];
        const site = what === "run" || what === "wait" ? tape.place(place) : null;
        Object.assign(card.dataset, { state: what, line: site ? site.line : "" });
        card.setAttribute("aria-pressed", String(risc.name === chosen));
        write(badge, STATES[what]);
        const at = site ? `, ${site.where}${site.inside ? ` (${site.inside})` : ""}` : "";
        write(where, source ? breakable(source.name + at) : "");
        write(text, site ? site.text : "");
        write(waits, words);
      }
    },
  };
}

/** The kernel of the chosen RISC, with the line of each RISC that runs it. */
function sourceView(tape) {
  const title = h("h3");
  const listing = h("div.tt-source", { tabindex: "0", role: "group" });
  let shown = null;
  let rows = [];
  const fill = (source) => {
    rows = source.lines.map((line, k) => h("div.tt-line", {},
      h("span.tt-who"), h("span.tt-number", {}, String(source.first + k)), h("code", {}, line || " ")));
    listing.replaceChildren(...rows);
    shown = source;
  };
  return {
    element: h("section.tt-panel.tt-code", {}, title, listing),
    show({ state, chosen }) {
      const risc = tape.data.riscs.find((each) => each.name === chosen);
      const source = tape.data.sources[risc.source];
      if (source !== shown) fill(source);
      write(title, `Kernel ${source.name} (${source.file}), ${risc.role || risc.name}'s line marked`);
      listing.setAttribute("aria-label", `Source of ${source.name}`);
      for (const row of rows) { row.removeAttribute("data-now"); row.firstChild.textContent = ""; }
      for (const each of tape.data.riscs.filter((other) => other.source === risc.source)) {
        const [what, place] = state[`risc ${each.name}`];
        const row = rows[tape.place(place).line - source.first];
        if (!row || !["run", "wait"].includes(what)) continue;
        row.firstChild.textContent += (each.role || each.name)[0];
        if (each.name === chosen) row.setAttribute("data-now", what);
      }
      const now = rows.find((row) => row.dataset.now);
      if (now) listing.scrollTop = now.offsetTop - listing.offsetTop - listing.clientHeight / 2;
    },
  };
}

/** One circular buffer as a row of its pages. */
function bufferRow(tape, cb) {
  const counts = h("span.tt-counts");
  const pages = h(cb.pages <= CELLS ? "div.tt-ring.tt-boxes" : "div.tt-ring", { role: "img" });
  const flow = cb.from && cb.to ? `${cb.from} → ${cb.to}` : cb.from ? `from ${cb.from}` : cb.to ? `to ${cb.to}` : "";
  const about = ` ${number(cb.pages)} × ${number(cb.bytes)} B  ${flow}`;
  const wide = cb.pages > 8 ? ".tt-wide" : "";
  const element = h(`div.tt-cb${wide}`, { "data-cb": cb.index, title: cb.format },
    h("div.tt-row", {}, h("span", {}, h("b", {}, `c_${cb.index}`), about), counts), pages);
  let before = "";
  return {
    element,
    show({ state, flying }) {
      const now = ring(cb, state, flying);
      const key = now.letters.join("") + now.front + "/" + now.back;
      Object.assign(element.dataset, { pushed: now.pushed, popped: now.popped, front: now.front, back: now.back, pages: now.letters.join("") });
      write(counts, `pushed ${number(now.pushed)}, popped ${number(now.popped)}`);
      if (key === before) return;
      before = key;
      const parts = cb.pages <= CELLS ? now.letters.map((letter, k) => [letter, k, 1]) : stretches(now);
      pages.replaceChildren(...parts.map((part) => cell(part, now, cb.pages)));
      pages.setAttribute("aria-label", spoken(cb, now));
    },
  };
}

const shown = (letter) => (letter === "F" ? "·" : letter);

function cell([letter, first, count], { front, back }, pages) {
  const box = h("span.tt-page", { "data-page": letter }, h("span.tt-letter", {}, shown(letter) + (count > 1 ? ` ${number(count)}` : "")));
  if (count > 1) box.style.flexGrow = String(Math.max(1, Math.round((100 * count) / pages)));
  return h("span.tt-cell", count > 1 ? { style: box.getAttribute("style") } : {},
    h("span.tt-tip", {}, first === back ? "▼" : ""), box, h("span.tt-tip", {}, first === front ? "▲" : ""));
}

function spoken(cb, now) {
  const words = stretches(now).map(([letter, first, count]) =>
    `${count > 1 ? `pages ${first} to ${first + count - 1}` : `page ${first}`} ${PAGES[letter]}`);
  return `c_${cb.index}: front at page ${now.front}, back at page ${now.back}; ${words.join("; ")}`;
}

/** All circular buffers that this part of the run uses. */
function buffers(tape) {
  const used = tape.data.cbs.filter((cb) => tape.data.used.includes(cb.index));
  const rows = used.map((cb) => bufferRow(tape, cb));
  const others = tape.data.cbs.filter((cb) => !used.includes(cb)).map((cb) => `c_${cb.index}`);
  const legend = Object.entries(PAGES).map(([letter, words]) =>
    h("span.tt-key", {}, h("span.tt-page", { "data-page": letter }, h("span.tt-letter", {}, shown(letter))), ` ${words}`));
  legend.push(h("span.tt-key", {}, "▼ back: written next"), h("span.tt-key", {}, "▲ front: read next"));
  const element = h("section.tt-panel.tt-buffers", {}, h("h3", {}, "Circular buffers"),
    h("div.tt-rings", {}, ...rows.map((row) => row.element)));
  if (others.length) element.append(h("p.tt-note", {}, `Never used: ${others.join(", ")}`));
  element.append(h("div.tt-legend", {}, ...legend));
  return { element, show: (moment) => rows.forEach((row) => row.show(moment)) };
}

/** UNPACK, SrcA and SrcB, MATH, the DST sections, PACK, in the order of the data. */
function engineView(tape) {
  const start = tape.data.start;
  const threads = THREADS.map((name) => ({ name, badge: h("span.tt-badge"), words: h("span.tt-waits"), where: h("span.tt-where") }));
  const boxes = threads.map((t) => h("div.tt-card.tt-thread", { "data-thread": t.name }, h("span.tt-row", {}, h("b", {}, t.name), t.badge), t.words, t.where));
  const sources = ["A", "B"].map((side) => ({ side, halves: [h("span.tt-half"), h("span.tt-half")], more: h("span.tt-waits") }));
  const src = h("div.tt-card.tt-store", {}, ...sources.map((s) =>
    h("div", { "data-src": s.side }, h("span", {}, h("b", {}, `Src${s.side}`), " "), ...s.halves, s.more)));
  const sections = Object.keys(start).filter((key) => key.startsWith("dst ")).map((key) => ({ key, state: h("span.tt-half") }));
  const dst = h("div.tt-card.tt-store", {}, ...sections.map((s) =>
    h("div", { "data-dst": s.key.slice(4) }, h("b", {}, `DST ${s.key.slice(4)}`), " ", s.state)));
  const arrow = () => h("span.tt-arrow", { "aria-hidden": "true" }, "→");
  const flow = h("div.tt-flow", {}, boxes[0], arrow(), src, arrow(), boxes[1], arrow(), dst, arrow(), boxes[2]);
  const element = h("section.tt-panel.tt-engine", {}, h("h3", {}, "Compute engine"), flow);
  element.hidden = !sections.length;
  return {
    element,
    show({ state }) {
      if (!sections.length) return;
      threads.forEach(({ name, badge, words, where }, k) => {
        const [what, place, text] = state[`thread ${name}`];
        boxes[k].dataset.state = what;
        write(badge, STATES[what]);
        write(words, text);
        write(where, place === null ? "" : tape.place(place).where);
      });
      for (const { side, halves, more } of sources) {
        const valid = state[`src ${side}`];
        halves[0].parentElement.dataset.valid = valid;
        halves.forEach((half, k) => {
          half.dataset.full = String(valid > k);
          write(half, valid > k ? "valid" : "empty");
        });
        write(more, valid > 2 ? `${valid - 2} more to come` : "");
      }
      for (const section of sections) {
        section.state.parentElement.dataset.state = section.state.dataset.full = state[section.key];
        write(section.state, DST[state[section.key]]);
      }
    },
  };
}

/** Transfers under way, and semaphores. */
function network(tape) {
  const title = h("h3");
  const list = h("ul.tt-list");
  const names = Object.keys(tape.data.start).filter((key) => key.startsWith("semaphore ")).map((key) => key.slice(10));
  const values = names.map(() => h("b"));
  const semaphores = h("p.tt-semaphores", {}, ...names.flatMap((name, k) =>
    [h("span", { "data-semaphore": name }, `${name} = `, values[k]), " "]));
  const element = h("section.tt-panel.tt-network", {}, title, list, semaphores);
  semaphores.hidden = !names.length;
  return {
    element,
    show({ state, flying, landed }) {
      write(title, `NOC: ${plural(flying.length, "transfer")} in flight, ${number(landed)} landed`);
      Object.assign(element.dataset, { flying: flying.length, landed });
      const lines = flying.slice(0, SHOWN).map((t) => `${tape.data.told[t[2]]}, lands at ${number(t[1])}`);
      if (flying.length > SHOWN) lines.push(`and ${number(flying.length - SHOWN)} more`);
      list.replaceChildren(...(lines.length ? lines : ["none"]).map((line) => h("li", {}, line)));
      names.forEach((name, k) => {
        const value = String(state[`semaphore ${name}`]);
        values[k].parentElement.dataset.value = value;
        write(values[k], value);
      });
    },
  };
}

/** The last lines of the log up to the step shown. One step on adds its lines; any other move writes all anew, unspoken. */
function logView(tape) {
  const list = h("div.tt-log", { role: "log", "aria-live": "polite", "aria-label": "What happened", tabindex: "0" });
  const lines = (step) => tape.told(step).map((words) =>
    h("p", { "data-step": step }, h("span.tt-cycle", {}, number(tape.cycle(step))), h("span", {}, words)));
  return {
    element: h("section.tt-panel.tt-story", {}, h("h3", {}, "Log, with cycles"), list),
    show({ step, single, playing }) {
      list.setAttribute("aria-live", single && !playing ? "polite" : "off");
      if (single) list.append(...lines(step));
      else {
        const all = [];
        for (let k = step; k >= 1 && all.length < LINES; k--) all.unshift(...lines(k));
        list.replaceChildren(...all);
      }
      while (list.children.length > LINES) list.firstChild.remove();
      for (const line of list.children) line.toggleAttribute("data-now", line.dataset.step === String(step));
      list.scrollTop = list.scrollHeight;
    },
  };
}

/** The diagnosis, at the last step of a hang. */
function hangView(tape) {
  const lines = tape.data.diagnosis.split("\n");
  const cut = lines.findIndex((line) => line.startsWith("Core "));
  const [told, evidence] = cut < 0 ? [lines, []] : [lines.slice(0, cut), lines.slice(cut)];
  const silent = "The device hangs: nothing moves any more. Say what each RISC waits for.";
  const element = h("section.tt-hang", {}, h("h3", {}, "Hang"), ...(tape.data.diagnosis ? told : [silent]).map((text) => h("p", {}, text)));
  const more = h("details", {}, h("summary", {}, "The evidence"), h("pre", { tabindex: "0", "aria-label": "Evidence" }, evidence.join("\n")));
  if (evidence.length) element.append(more);
  return {
    element,
    show({ state }) {
      element.hidden = !(tape.data.hung && state.over);
    },
  };
}

// ---- controls ---------------------------------------------------------------------------------------------------

function controls(tape, act) {
  const button = (name, label, action) => h("button.tt-button", { type: "button", "data-do": name, onclick: action }, label);
  const first = button("first", "|◀ First", () => act.go(1));
  const back = button("back", "◀ Back", () => act.move(-1));
  const play = button("play", "Play", () => act.play());
  const forward = button("forward", "Forward ▶", () => act.move(1));
  const last = button("last", "Last ▶|", () => act.go(tape.length));
  const jumps = [["wait", "Next wait", "w"], ["push", "Next push", "p"]];
  if (tape.data.hung) jumps.push(["hang", "To the hang", "h"]);
  const jump = jumps.map(([name, label, mark]) => ({ mark, button: button(name, label, () => act.jump(mark)) }));
  const speed = h("select", { "data-do": "speed", onchange: () => act.speed(Number(speed.value)) },
    ...SPEEDS.map((n) => h("option", { value: n }, `${n} a second`)));
  speed.value = act.pace();
  const offset = tape.data.first;
  const range = h("input.tt-range", {
    type: "range", min: 1, max: tape.length, "aria-label": "Step", "data-lm-suppress-shortcuts": "true",
    oninput: () => act.go(Number(range.value)),
  });
  const box = h("input.tt-box", {
    type: "number", min: offset + 1, max: offset + tape.length, "aria-label": "Number of the step",
    onchange: () => act.go(Number(box.value) - offset),
  });
  const clock = h("output.tt-clock");
  const note = h("p.tt-now");
  const element = h("div.tt-controls", {},
    h("div.tt-buttons", {},
      h("div.tt-buttons", { role: "group", "aria-label": "Playing" }, first, back, play, forward, last),
      h("div.tt-buttons", { role: "group", "aria-label": "Jumps" }, ...jump.map((j) => j.button)),
      h("label.tt-speed", {}, "Speed ", speed)),
    h("div.tt-scrub", {}, range, h("label.tt-speed", {}, "Step ", box, ` of ${number(tape.data.total)}`)), note);
  return {
    element,
    clock,
    show({ step, cycle, single, playing }) {
      note.setAttribute("aria-live", single || playing ? "off" : "polite"); // one step on is spoken by the log
      range.value = step;
      box.value = offset + step;
      range.setAttribute("aria-valuetext", `step ${offset + step} of ${tape.data.total}, cycle ${cycle}`);
      write(play, playing ? "Pause" : "Play");
      write(clock, `cycle ${number(cycle)} (model)`);
      const told = tape.told(step);
      write(note, told.slice(0, 3).join(". ") + (told.length > 3 ? `, and ${told.length - 3} more` : "") + (told.length ? "." : " "));
      for (const each of [first, back]) disable(each, step === 1, element);
      for (const each of [forward, last, play]) disable(each, step === tape.length, element);
      for (const { mark, button: each } of jump) disable(each, tape.next(step, mark) === null, element);
    },
  };
}

/** Not the `disabled` attribute: that would drop the keyboard's focus to nowhere in the middle of stepping. */
function disable(button, off) {
  button.setAttribute("aria-disabled", String(off));
}

// ---- all together -----------------------------------------------------------------------------------------------

/** Build the view of `data` in `host`; gives a function that takes it down. */
function mount(host, data) {
  const tape = new Tape(data);
  let step = 1;
  let chosen = data.chosen;
  let timer = null;
  let pace = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1 : 2; // steps a second; nothing else ever moves
  let before = 0; // the step shown before

  const act = {
    go(to) {
      step = Math.min(Math.max(Math.round(to) || 1, 1), tape.length);
      if (step === tape.length) stop();
      show();
    },
    move(by) { stop(); act.go(step + by); },
    jump(mark) {
      const to = tape.next(step, mark);
      if (to !== null) act.go(to);
    },
    play() {
      if (timer !== null) stop();
      else if (step < tape.length) timer = setInterval(() => act.go(step + 1), 1000 / pace);
      show();
    },
    speed(value) {
      pace = value;
      if (timer !== null) { stop(); act.play(); }
    },
    pace: () => String(pace),
    choose(name) { chosen = name; show(); },
  };

  const bar = controls(tape, act);
  const parts = [bar, hangView(tape), riscCards(tape, act.choose), sourceView(tape), buffers(tape), engineView(tape), network(tape), logView(tape)];
  const [controlBar, hang, cards, source, rings, engine, noc, log] = parts.map((part) => part.element);
  const title = h("h2", {}, `${data.hung ? "A run that hangs" : "A run"} on ${data.chip}, core (${data.core.join(", ")})`);
  const part = h("p.tt-note", {}, data.part ? `This is a part of the run: ${data.part}.` : "");
  const keys = h("p.tt-note.tt-keys", {}, "Keys: ← → one step, Home and End, Space plays. Cycles are a model's.");
  part.hidden = !data.part;
  const root = h("div.tt-stepper", {
    tabindex: "0", role: "group", "aria-label": `Stepper: ${title.textContent}`, "data-lm-suppress-shortcuts": "true", onkeydown: onKey,
  }, h("div.tt-row.tt-head", {}, title, bar.clock), part, controlBar, hang, cards, engine,
  h("div.tt-columns", {}, h("div.tt-column", {}, source, log, noc), h("div.tt-column", {}, rings)), keys);

  function stop() {
    if (timer !== null) clearInterval(timer);
    timer = null;
  }

  function show() {
    const cycle = tape.cycle(step);
    const state = tape.state(step);
    const moment = { step, cycle, state, chosen, single: step === before + 1, playing: timer !== null, ...tape.transfers(cycle) };
    const waiting = data.riscs.filter((risc) => state[`risc ${risc.name}`][0] === "wait");
    Object.assign(root.dataset, {
      step: data.first + step, steps: data.total, cycle, over: String(state.over), playing: String(moment.playing),
      waiting: waiting.map((risc) => `${risc.name} ${tape.place(state[`risc ${risc.name}`][1]).where}`).join(", "),
    });
    for (const each of parts) each.show(moment);
    before = step;
  }

  /** Arrows, Home, End and Space, where they mean nothing else. No key of the stepper reaches the page around it. */
  function onKey(event) {
    event.stopPropagation();
    const typing = event.target.matches("select, input[type=number]");
    const own = { ArrowRight: () => act.move(1), ArrowLeft: () => act.move(-1), Home: () => act.go(1), End: () => act.go(tape.length) };
    if (!event.target.matches("button, summary")) own[" "] = () => act.play();
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !(event.key in own)) return;
    event.preventDefault();
    own[event.key]();
  }

  let back = 1;
  const beforePrint = () => {
    back = step;
    for (const details of root.querySelectorAll("details")) details.open = true;
    act.go(tape.length);
  };
  const afterPrint = () => act.go(back);
  window.addEventListener("beforeprint", beforePrint);
  window.addEventListener("afterprint", afterPrint);
  host.append(root);
  show();
  return () => {
    stop();
    window.removeEventListener("beforeprint", beforePrint);
    window.removeEventListener("afterprint", afterPrint);
    root.remove();
  };
}

export default {
  render({ model, el }) {
    return mount(el, JSON.parse(model.get("recording")));
  },
};
