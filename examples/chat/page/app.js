"use strict";

/* The page of the chat. What others say reaches the document only as text nodes and properties
   (`textContent`, `title`), never as markup. State lives in `state`; `show…` functions draw it. */

const KEPT = 1000;           // lines per room, as many as the server keeps
const FIRST_WAIT = 500;      // milliseconds before the first attempt to reconnect …
const LONGEST_WAIT = 15000;  // … which double up to this
const ASK_EVERY = 5000;      // how often the list of rooms is asked for; its answer is also our pulse
const PATIENCE = 12000;      // without any sign of the server for so long we connect anew

const $ = (id) => document.getElementById(id);

const state = {
  nick: read(localStorage, "nick"),
  // Whoever knows it may take the name over: that is us, after a broken connection.
  token: read(sessionStorage, "token") || makeToken(),
  rooms: new Map(),   // those we are in: name -> Room
  list: [],           // all of them: { name, people }
  current: null,
  socket: null,
  ready: false,       // the server knows our name
  attempts: 0,
  retry: null,        // timer of the next attempt
  heard: 0,           // when the server last said something
  away: 0,            // lines that came while the page was hidden
};

/* A room we are in. `last` and `epoch` say what we have seen, for when we come back. */
function makeRoom(name) {
  return { name, epoch: null, first: 0, last: 0, lines: [], people: new Set(), pending: new Map(), unread: 0, joined: false, more: false };
}

function read(storage, key) {
  try { return storage.getItem(key) || ""; } catch { return ""; }
}

function keep(storage, key, value) {
  try { storage.setItem(key, value); } catch { /* private windows may refuse */ }
}

function makeToken() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const token = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  keep(sessionStorage, "token", token);
  return token;
}

/* ---- The connection ---- */

function connect() {
  clearTimeout(state.retry);
  state.retry = null;
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/chat`);
  state.socket = socket;
  state.heard = Date.now();
  showConnection();
  socket.onopen = () => {
    if (state.socket === socket) say({ do: "hello", nick: state.nick, token: state.token });
  };
  socket.onmessage = (event) => {
    if (state.socket !== socket) return;
    state.heard = Date.now();
    const news = JSON.parse(event.data);
    const handle = on[news.ev];
    if (handle) handle(news);
  };
  socket.onclose = (event) => {
    if (state.socket === socket) lost(event.reason);
  };
}

function lost(reason) {
  state.socket = null;
  state.ready = false;
  for (const room of state.rooms.values()) room.joined = false;
  if (reason === "replaced") {
    showWelcome("You opened the chat with this name elsewhere.");
    return;
  }
  // Everybody was thrown out at the same moment; not everybody should come back at the same one.
  const wait = Math.min(FIRST_WAIT * 2 ** state.attempts, LONGEST_WAIT) * (0.75 + Math.random() / 2);
  state.attempts += 1;
  state.retry = setTimeout(connect, wait);
  showConnection(reason);
}

function reconnectNow() {
  if (state.socket === null && state.nick && state.retry !== null) connect();
}

function say(message) {
  const open = state.socket !== null && state.socket.readyState === WebSocket.OPEN;
  if (open) state.socket.send(JSON.stringify(message));
  return open;
}

setInterval(() => {
  if (state.socket === null) return;
  if (Date.now() - state.heard > PATIENCE) {
    const dead = state.socket;
    lost("no answer");
    dead.close();
  } else if (state.ready) {
    say({ do: "rooms" });
  }
}, ASK_EVERY);

/* ---- What the server says ---- */

const on = {
  welcome(news) {
    state.ready = true;
    state.attempts = 0;
    state.nick = news.nick;
    keep(localStorage, "nick", news.nick);
    $("welcome").close();
    $("app").hidden = false;
    if (state.rooms.size === 0) {
      const wanted = decodeURIComponent(location.hash.slice(1)) || "lobby";
      state.rooms.set(wanted, makeRoom(wanted));
      state.current = wanted;
    }
    for (const room of state.rooms.values()) join(room);
    say({ do: "rooms" });
    showAll();
    if (!matchMedia("(pointer: coarse)").matches) $("text").focus();
  },

  joined(news) {
    let room = state.rooms.get(news.room);
    if (!room) {
      room = makeRoom(news.room);
      state.rooms.set(news.room, room);
    }
    room.joined = true;
    room.people = new Set(news.people);
    if (room.epoch !== null && room.epoch !== news.epoch) {
      add(room, { kind: "notice", text: "The server was restarted; what was said before is only here." });
      room.last = 0;
    }
    const first = news.lines.length ? news.lines[0][0] : news.last + 1;
    if (room.epoch === null || room.epoch !== news.epoch) {
      room.first = first;
      room.more = first > 1;
    } else if (first > room.last + 1 && room.last > 0) {
      add(room, { kind: "notice", text: "Some messages were missed here." });
    }
    room.epoch = news.epoch;
    for (const [id, user, text, time, ref] of news.lines) take(room, { id, user, text, time, ref });
    room.last = Math.max(room.last, news.last);
    // What the server has never seen is sent again.
    for (const [ref, text] of room.pending) say({ do: "say", room: room.name, text, ref });
    if (state.current === room.name) showRoom();
    showRooms();
  },

  history(news) {
    const room = state.rooms.get(news.room);
    if (!room) return;
    const older = news.lines.filter(([id]) => id < room.first);
    if (older.length) {
      room.lines.unshift(...older.map(([id, user, text, time]) => ({ kind: "line", id, user, text, time })));
      room.first = older[0][0];
    }
    room.more = older.length > 0 && room.first > 1 && room.lines.length < KEPT;
    if (state.current === room.name) showRoom(true);
  },

  line(news) {
    const room = state.rooms.get(news.room);
    if (!room) return;
    if (take(room, news) && (document.hidden || state.current !== room.name)) {
      if (state.current !== room.name) room.unread += 1;
      if (document.hidden) state.away += 1;
      showRooms();
    }
  },

  join(news) { come(news.room, news.user, true); },
  leave(news) { come(news.room, news.user, false); },

  renamed(news) {
    const room = state.rooms.get(news.room);
    if (!room) return;
    room.people.delete(news.from);
    room.people.add(news.to);
    add(room, { kind: "notice", text: `${news.from} is now ${news.to}` });
    showPeople();
  },

  nick(news) {
    state.nick = news.nick;
    keep(localStorage, "nick", news.nick);
    showMe();
    showPeople();
  },

  left(news) {
    state.rooms.delete(news.room);
    if (state.current === news.room) go(state.rooms.keys().next().value ?? null);
    showRooms();
  },

  rooms(news) {
    state.list = news.rooms.map(([name, people]) => ({ name, people }));
    showRooms();
  },

  error(news) {
    if (!state.ready) {
      // Our name is taken: perhaps by a connection of ours that the server still believes in.
      const socket = state.socket;
      state.socket = null;
      socket.close();
      showWelcome(null, news.text);
      return;
    }
    const room = state.rooms.get(news.room) ?? state.rooms.get(state.current);
    if (news.ref && room) room.pending.delete(news.ref);
    if (news.about === "join") on.left(news);
    tell(news.text, "wrong");
    showPending();
  },
};

function join(room) {
  say({ do: "join", room: room.name, since: room.epoch === null ? 0 : room.last, epoch: room.epoch ?? "" });
}

function come(name, user, here) {
  const room = state.rooms.get(name);
  if (!room) return;
  if (here) room.people.add(user); else room.people.delete(user);
  if (user !== state.nick) add(room, { kind: "notice", text: here ? `${user} joined` : `${user} left` });
  if (state.current === name) showPeople();
}

/* Takes a line once, however often it comes. */
function take(room, { id, user, text, time, ref }) {
  if (id <= room.last) return false;
  room.last = id;
  if (ref && user === state.nick && room.pending.delete(ref)) showPending();
  add(room, { kind: "line", id, user, text, time });
  return true;
}

function add(room, entry) {
  room.lines.push(entry);
  const extra = room.lines.length - KEPT;
  if (extra > 0) room.lines.splice(0, extra);
  if (state.current !== room.name) return;
  const log = $("log");
  const follow = isAtEnd();
  log.querySelector(".empty")?.remove();
  // What was told to this user alone stands between two lines too.
  const told = [...log.children].findLast((node) => !node.classList.contains("pending"))?.classList.contains("notice");
  const nodes = draw(entry, told ? undefined : room.lines[room.lines.length - 2]);
  nodes.forEach((node) => log.insertBefore(node, log.querySelector(".pending")));
  while (log.childElementCount > KEPT * 1.2) log.firstElementChild.remove();
  if (follow) toEnd(); else if (entry.kind === "line") $("jump").hidden = false;
}

/* A word to this user alone. */
function tell(text, kind = "told") {
  const node = element("div", `notice ${kind}`, text);
  $("log").insertBefore(node, $("log").querySelector(".pending"));
  toEnd();
}

/* ---- What the user does ---- */

const commands = {
  nick: (rest) => (rest ? say({ do: "nick", nick: rest }) : showWelcome("What shall we call you?")),
  join: (rest) => enter(rest || "lobby"),
  leave: () => leave(),
  rooms: () => tell([...everyRoom()].map(([name, people]) => `#${name}  ${people}`).join("\n")),
  who: () => tell([...(state.rooms.get(state.current)?.people ?? [])].join(", ")),
  help: () => tell("/nick NAME   change your name\n/join ROOM   join a room, or open it\n/leave   leave this room\n/who   who is here\n/rooms   all rooms\nAlt+↑ and Alt+↓ go from room to room"),
};

function send(text) {
  const command = /^\/(\w+)\s*(.*)$/.exec(text);
  if (command) {
    const f = Object.hasOwn(commands, command[1].toLowerCase()) ? commands[command[1].toLowerCase()] : null;
    if (f) f(command[2].trim()); else tell(`There is no command /${command[1]}; try /help`, "wrong");
    return;
  }
  const room = state.rooms.get(state.current);
  if (!room) return tell("Join a room first", "wrong");
  const ref = Math.random().toString(36).slice(2, 12);
  room.pending.set(ref, text);
  if (room.joined) say({ do: "say", room: room.name, text, ref });
  showPending();
  toEnd();
}

function enter(name) {
  const known = name.trim().replace(/^#/, "").toLowerCase();
  if (!known) return;
  if (!state.rooms.has(known)) {
    const room = makeRoom(known);
    state.rooms.set(known, room);
    if (state.ready) join(room);
  }
  go(known);
}

function leave() {
  if (state.current !== null) say({ do: "leave", room: state.current });
}

function go(name) {
  state.current = name;
  const room = state.rooms.get(name);
  if (room) room.unread = 0;
  history.replaceState(null, "", name ? `#${encodeURIComponent(name)}` : location.pathname);
  hideDrawers();
  showRoom();
  showRooms();
}

function step(by) {
  const names = [...state.rooms.keys()].sort();
  if (names.length) go(names[(names.indexOf(state.current) + by + names.length) % names.length]);
}

/* ---- Drawing ---- */

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function hue(name) {
  let hash = 7;
  for (const char of name) hash = (hash * 31 + char.codePointAt(0)) >>> 0;
  return hash % 360;
}

function badge(node, name) {
  node.style.setProperty("--hue", hue(name));
  node.textContent = [...name][0]?.toUpperCase() ?? "";
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

/* The nodes of one entry, which look different after a line of the same person. */
function draw(entry, before) {
  if (entry.kind === "notice") return [element("div", "notice", entry.text)];
  const nodes = [];
  const when = new Date(entry.time * 1000);
  const day = when.toDateString();
  const dayBefore = before?.time ? new Date(before.time * 1000).toDateString() : null;
  if (dayBefore !== null && dayBefore !== day) nodes.push(element("div", "day", calendar.format(when)));
  const node = $("line").content.firstElementChild.cloneNode(true);
  const same = nodes.length === 0 && before?.kind === "line" && before.user === entry.user && entry.time - before.time < 300;
  node.classList.toggle("same", same);
  node.style.setProperty("--hue", hue(entry.user));
  badge(node.querySelector(".avatar"), entry.user);
  node.querySelector(".who").textContent = entry.user;
  const time = node.querySelector("time");
  time.textContent = clock.format(when);
  time.dateTime = when.toISOString();
  node.title = when.toLocaleString();
  write(node.querySelector("p"), entry.text);
  nodes.push(node);
  return nodes;
}

/* Text with its addresses made clickable; the parts between are text nodes. */
function write(node, text) {
  let end = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]']/g)) {
    node.append(text.slice(end, match.index));
    const link = element("a", "", match[0]);
    link.href = match[0];
    link.rel = "noopener noreferrer";
    link.target = "_blank";
    node.append(link);
    end = match.index + match[0].length;
  }
  node.append(text.slice(end));
}

function isAtEnd() {
  const log = $("log");
  return log.scrollHeight - log.scrollTop - log.clientHeight < 60;
}

function toEnd() {
  $("log").scrollTop = $("log").scrollHeight;
  $("jump").hidden = true;
}

function showAll() {
  showMe();
  showConnection();
  showRooms();
  showRoom();
}

function showMe() {
  $("my-nick").textContent = state.nick;
  badge($("my-badge"), state.nick);
}

function showConnection(reason) {
  const online = state.ready;
  const chip = $("state");
  chip.className = `state ${online ? "online" : state.socket ? "" : "offline"}`;
  chip.textContent = online ? "online" : state.socket ? "connecting" : "offline";
  $("banner").hidden = online || state.attempts === 0;
  // Why it broke is told; why it cannot be made again is the same "nobody there" each time.
  if (!online && (reason || state.attempts === 1)) {
    $("banner-text").textContent = `Connection lost${reason ? ` (${reason})` : ""}. Trying again, nothing you write is lost.`;
  }
}

/* Rooms and how many people are in each: what the server said last, and what we know better. */
function everyRoom() {
  const known = new Map(state.list.map((room) => [room.name, room.people]));
  for (const room of state.rooms.values()) known.set(room.name, room.epoch === null ? known.get(room.name) ?? 0 : room.people.size);
  return known;
}

function showRooms() {
  const known = everyRoom();
  const names = [...known.keys()].sort((a, b) => state.rooms.has(b) - state.rooms.has(a) || a.localeCompare(b));
  const items = names.map((name) => {
    const room = state.rooms.get(name);
    const item = element("li");
    const button = element("button", room ? "" : "apart");
    button.type = "button";
    button.append(element("span", "name", name));
    if (room?.unread) button.append(element("span", "unread", String(room.unread)));
    const count = element("span", "count", String(known.get(name)));
    count.title = `${known.get(name)} here`;
    button.append(count);
    button.setAttribute("aria-current", String(state.current === name));
    button.onclick = () => enter(name);
    item.append(button);
    return item;
  });
  const at = document.activeElement?.closest("#rooms") ? [...$("rooms").children].findIndex((item) => item.contains(document.activeElement)) : -1;
  $("rooms").replaceChildren(...items);
  if (at >= 0) $("rooms").children[Math.min(at, items.length - 1)]?.firstChild.focus();
  const unread = state.away + [...state.rooms.values()].reduce((sum, room) => sum + (document.hidden ? 0 : room.unread), 0);
  document.title = (unread ? `(${unread}) ` : "") + (state.current ? `#${state.current} – Skyloom chat` : "Skyloom chat");
}

function showRoom(stay = false) {
  const room = state.rooms.get(state.current);
  $("title").textContent = room ? `# ${room.name}` : "No room";
  $("leave").hidden = $("open-people").hidden = !room;
  $("text").placeholder = room ? `Message #${room.name}` : "Join a room, or type /help";
  const log = $("log");
  const fromEnd = log.scrollHeight - log.scrollTop;
  const nodes = [];
  if (room?.more) {
    const earlier = element("button", "earlier", "Earlier messages");
    earlier.type = "button";
    earlier.onclick = () => say({ do: "history", room: room.name, before: room.first });
    nodes.push(earlier);
  }
  room?.lines.forEach((entry, at) => nodes.push(...draw(entry, room.lines[at - 1])));
  if (nodes.length === 0) {
    const empty = element("div", "empty");
    empty.append(element("strong", "", room ? "Nothing said here yet" : "You are in no room"), room ? "Be the first." : "Choose one on the left, or open your own.");
    nodes.push(empty);
  }
  log.replaceChildren(...nodes);
  showPending();
  if (stay) log.scrollTop = log.scrollHeight - fromEnd; else toEnd();
  showPeople();
}

function showPending() {
  const log = $("log");
  log.querySelectorAll(".pending").forEach((node) => node.remove());
  const room = state.rooms.get(state.current);
  for (const text of room?.pending.values() ?? []) {
    log.querySelector(".empty")?.remove();
    const [node] = draw({ kind: "line", user: state.nick, text, time: Date.now() / 1000 }, null).slice(-1);
    node.classList.add("pending");
    node.querySelector("time").textContent = "sending …";
    log.append(node);
  }
}

function showPeople() {
  const room = state.rooms.get(state.current);
  const people = [...(room?.people ?? [])].sort((a, b) => a.localeCompare(b));
  $("subtitle").textContent = room ? `${people.length} here` : "";
  $("open-people").textContent = `${people.length} ${people.length === 1 ? "person" : "people"}`;
  $("people-label").textContent = `Here — ${people.length}`;
  const items = people.slice(0, 500).map((name) => {
    const item = element("li");
    const mark = element("span", "badge");
    mark.setAttribute("aria-hidden", "true");
    badge(mark, name);
    item.append(mark, element("bdi", "", name));
    if (name === state.nick) item.append(element("span", "you", "you"));
    return item;
  });
  if (people.length > 500) items.push(element("li", "", `and ${people.length - 500} more`));
  $("people").replaceChildren(...items);
}

function showWelcome(hint, error) {
  clearTimeout(state.retry);
  state.retry = null;
  if (hint) $("welcome-hint").textContent = hint;
  $("nick-error").textContent = error ?? "";
  $("nick").value = state.nick;
  if (!$("welcome").open) $("welcome").showModal();
  $("nick").select();
}

function hideDrawers() {
  $("side").classList.remove("shown");
  $("people-panel").classList.remove("shown");
  $("shade").hidden = true;
}

function showDrawer(id) {
  const shown = $(id).classList.toggle("shown");
  $("shade").hidden = !shown;
  if (shown) $(id).querySelector("button, input")?.focus();
}

/* ---- Wiring ---- */

$("welcome-form").onsubmit = (event) => {
  event.preventDefault();
  const nick = $("nick").value.trim();
  if (!nick) return;
  $("nick-error").textContent = "";
  if (state.ready) {
    if (nick !== state.nick) say({ do: "nick", nick });
    $("welcome").close();
  } else {
    state.nick = nick;
    connect();
  }
};
$("welcome").addEventListener("cancel", (event) => {
  if (!state.ready) event.preventDefault();
});
$("composer").onsubmit = (event) => {
  event.preventDefault();
  // A limit of characters may have cut one in two.
  const text = $("text").value.trim().replace(/[\uD800-\uDBFF]$/, "");
  $("text").value = "";
  if (text) send(text);
};
$("new-room").onsubmit = (event) => {
  event.preventDefault();
  enter($("new-room-name").value);
  $("new-room-name").value = "";
  $("text").focus();
};
$("my-nick").onclick = () => showWelcome("What shall we call you?");
$("leave").onclick = leave;
$("retry").onclick = reconnectNow;
$("jump").onclick = toEnd;
$("log").onscroll = () => { if (isAtEnd()) $("jump").hidden = true; };
$("open-side").onclick = () => showDrawer("side");
$("open-people").onclick = () => showDrawer("people-panel");
$("shade").onclick = hideDrawers;
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hideDrawers();
  if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault();
    step(event.key === "ArrowUp" ? -1 : 1);
  }
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  state.away = 0;
  if (state.ready) showRooms();
  reconnectNow();
});
addEventListener("online", reconnectNow);
addEventListener("hashchange", () => {
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (state.ready && wanted && wanted !== state.current) enter(wanted);
});

if (state.nick && read(sessionStorage, "token") && performance.getEntriesByType("navigation")[0]?.type === "reload") {
  connect();
} else {
  showWelcome();
}
