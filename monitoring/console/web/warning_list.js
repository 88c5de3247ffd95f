// The list of active warnings: fed with differences, drawn only where it is seen, steered by keys.
import { Severity, isBusy, lasting, spark } from "barometer-console";

const ROW = 64; // pixels; the style sheet has the same
const SPARE = 6; // rows drawn beyond either edge
const FADES_MS = 6000;
const NEW_MS = 8000;
const TYPED_MS = 180;
const SOUND_KEY = "barometer.sound";
const TONES = { critical: [880, 660, 880], major: [740, 620], minor: [620], warning: [520] };
const ORDERS = {
  severity: (a, b) => a.rank - b.rank || b.opened - a.opened || (a.id < b.id ? -1 : 1),
  newest: (a, b) => b.opened - a.opened || a.rank - b.rank || (a.id < b.id ? -1 : 1),
  oldest: (a, b) => a.opened - b.opened || a.rank - b.rank || (a.id < b.id ? -1 : 1),
};

export default {
  components: { Severity },
  emits: ["ready", "taken", "filter", "act"],
  props: { texts: Object, lang: String, filter: Object, mayAct: Boolean, severities: Array },
  template: `
    <section class="list" :aria-label="t('board.list')">
      <div class="tiles" role="group" :aria-label="t('column.severity')">
        <button v-for="s in severities" :key="s" type="button" class="tile" :class="['tile-' + s, { on: wanted.severities.includes(s), zero: !count(s)[0] }]"
          :aria-pressed="String(wanted.severities.includes(s))" @click="toggle(s)">
          <Severity :level="s" :name="t(s)" :letter="t('letter.' + s)" />
          <span class="tile-count">{{ count(s)[0] }}</span>
          <span class="tile-words"><b>{{ t(s) }}</b><span>{{ t('tile.unclaimed').replace('{count}', count(s)[1]) }}</span></span>
        </button>
      </div>
      <div class="tools">
        <label class="search">
          <span class="material-icons" aria-hidden="true">search</span>
          <input ref="search" type="search" :value="wanted.q" :placeholder="t('filter.text')" :aria-label="t('filter.text')" @input="typed" @keydown.esc="$event.target.blur()" />
          <kbd aria-hidden="true">/</kbd>
        </label>
        <div class="segments" role="group" :aria-label="t('column.state')">
          <button v-for="k in ['all', 'open', 'taken']" :key="k" type="button" :class="{ on: wanted.taken === k }" :aria-pressed="String(wanted.taken === k)" @click="set('taken', k)">{{ t('filter.' + k) }}</button>
        </div>
        <button type="button" class="soft" :class="{ on: wanted.held }" :aria-pressed="String(wanted.held)" @click="set('held', !wanted.held)">{{ t('filter.held') }}</button>
        <label class="pick"><span class="sr">{{ t('sort') }}</span>
          <select :value="wanted.sort" @change="set('sort', $event.target.value)"><option v-for="k in ['severity', 'newest', 'oldest']" :key="k" :value="k">{{ t('sort.' + k) }}</option></select>
        </label>
        <button v-for="c in chips" :key="c.key" type="button" class="soft on" @click="set(c.key, '')">{{ c.text }} <span class="material-icons" aria-hidden="true">close</span></button>
        <button v-if="isFiltered" type="button" class="soft" @click="reset">{{ t('filter.reset') }}</button>
        <span class="room"></span>
        <span class="found" role="status">{{ t('board.count').replace('{shown}', order.length).replace('{all}', all) }}</span>
        <button type="button" class="icon" :aria-pressed="String(sound)" :aria-label="t('sound')" :title="t(sound ? 'sound.on' : 'sound.off')" @click="switchSound"><span class="material-icons" aria-hidden="true">{{ sound ? 'volume_up' : 'volume_off' }}</span></button>
        <button type="button" class="icon" :aria-label="t('keys')" :title="t('keys') + ' (?)'" @click="help = true"><span class="material-icons" aria-hidden="true">keyboard</span></button>
      </div>
      <div class="wrn head" aria-hidden="true">
        <span></span><span>{{ t('column.age') }}</span><span>{{ t('column.what') }}</span><span>{{ t('column.numbers') }}</span><span>{{ t('column.trend') }}</span><span>{{ t('column.state') }}</span><span></span>
      </div>
      <div ref="frame" class="rows" @scroll.passive="look">
        <div v-if="!loaded" class="skeletons" aria-hidden="true"><div v-for="n in 7" :key="n" class="skeleton"></div></div>
        <div v-else-if="!order.length && all" class="nothing">
          <span class="material-icons" aria-hidden="true">filter_alt_off</span><h2>{{ t('board.none') }}</h2><p>{{ t('board.none.long').replace('{count}', all) }}</p>
        </div>
        <template v-else-if="!order.length">
          <div class="nothing clear"><span class="material-icons" aria-hidden="true">verified</span><h2>{{ t('board.empty') }}</h2><p>{{ t('board.empty.long') }}</p></div>
          <div class="nothing unknown"><span class="material-icons" aria-hidden="true">help_outline</span><h2>{{ t('board.unknown') }}</h2><p>{{ t('board.unknown.long') }}</p></div>
        </template>
        <ol v-else :style="{ height: order.length * 64 + 'px' }">
          <li v-for="r in seen" :key="r.id" class="wrn" :class="['at-' + r.severity, { new: fresh[r.id], gone: leaving[r.id], held: r.held, mine: r.id === selected, taken: r.taken, recovering: r.state === 'recovering' }]"
            :style="{ transform: 'translateY(' + place[r.id] * 64 + 'px)' }" :aria-setsize="order.length" :aria-posinset="place[r.id] + 1" @click="select(r.id)" @dblclick="open(r.id)">
            <Severity :level="leaving[r.id] ? 'cleared' : r.severity" :name="t(leaving[r.id] ? 'cleared' : r.severity)" :letter="t('letter.' + (leaving[r.id] ? 'cleared' : r.severity))" />
            <span class="age"><b>{{ age(r) }}</b><span v-if="r.state !== 'raised'">{{ t(r.state) }}</span><span v-else-if="fresh[r.id]" class="badge">{{ t('new') }}</span></span>
            <span class="what"><a :href="link(r.id)" :id="'w-' + r.id" @focus="selected = r.id"><b>{{ r.place }}</b></a><span class="sub"><span class="rule">{{ r.rule }}</span> {{ r.name }}</span></span>
            <span class="numbers"><b>{{ r.observed }}</b><span class="exp">/ {{ r.expected }}</span><span v-if="r.ratio" class="ratio">{{ r.ratio }}</span></span>
            <svg class="spark" viewBox="0 0 140 36" preserveAspectRatio="none" aria-hidden="true"><template v-for="d in [drawn(r)]"><template v-if="d"><path class="area" :d="d.area" /><path v-if="d.line" class="line" :d="d.line" /><path class="curve" :d="d.curve" /></template></template></svg>
            <span class="state">
              <span v-if="r.held" class="chip held">{{ r.held }}</span>
              <span v-if="r.clocks.length" class="chip due">{{ due(r) }}</span>
              <span v-if="r.fault" class="chip fault" :title="behind(r)"><span class="material-icons" aria-hidden="true">{{ r.suspected ? 'help_outline' : 'bolt' }}</span><span class="clip">{{ behind(r) }}</span></span>
              <span v-if="r.taken" class="chip who"><span class="material-icons" aria-hidden="true">how_to_reg</span><span class="clip">{{ r.taken }}</span></span>
              <span v-else-if="!r.held" class="chip nobody">{{ t('unclaimed') }}</span>
              <span v-if="r.assignee" class="chip who">{{ t('assigned to').replace('{name}', r.assignee) }}</span>
              <span v-if="r.notes" class="chip">{{ t('notes').replace('{count}', r.notes) }}</span>
              <span v-if="r.verdict" class="chip">{{ t('verdict.' + r.verdict) }}</span>
            </span>
            <span class="acts" v-if="mayAct && !leaving[r.id]">
              <button v-for="a in acts" :key="a.verb" type="button" class="icon" :aria-label="t('act.' + a.verb) + ': ' + r.place" :title="t('act.' + a.verb) + ' (' + a.key + ')'" @click.stop="act(a.verb, r.id)"><span class="material-icons" aria-hidden="true">{{ a.icon }}</span></button>
            </span>
          </li>
        </ol>
      </div>
      <p class="sr" aria-live="assertive">{{ said }}</p>
      <div v-if="help" class="veil" @click.self="help = false">
        <div ref="help" class="sheet" role="dialog" aria-modal="true" :aria-label="t('keys.title')" tabindex="-1" @keydown.esc="help = false">
          <h2>{{ t('keys.title') }}</h2>
          <dl><template v-for="k in keys" :key="k[0]"><dt><kbd>{{ k[0] }}</kbd></dt><dd>{{ t(k[1]) }}</dd></template></dl>
          <button type="button" class="solid" @click="help = false">OK</button>
        </div>
      </div>
    </section>`,
  data() {
    return {
      loaded: false, all: 0, counts: {}, order: [], seen: [], place: {}, fresh: {}, leaving: {}, selected: "", said: "", help: false, now: Date.now() / 1000,
      wanted: { severities: [], q: "", region: "", category: "", rule: "", taken: "all", held: true, sort: "severity", ...this.filter },
      sound: localStorage.getItem(SOUND_KEY) === "on",
      acts: [
        { verb: "ack", key: "a", icon: "how_to_reg" },
        { verb: "silence", key: "s", icon: "notifications_paused" },
        { verb: "feedback", key: "f", icon: "rule" },
      ],
      keys: [
        ["j", "keys.next"], ["k", "keys.previous"], ["Enter", "keys.open"], ["a", "keys.ack"], ["s", "keys.silence"], ["f", "keys.feedback"], ["/", "keys.filter"], ["?", "keys.help"], ["Esc", "keys.close"],
      ],
    };
  },
  computed: {
    chips() {
      return ["region", "category", "rule"].filter((k) => this.wanted[k]).map((k) => ({ key: k, text: this.wanted[k + "Name"] || this.wanted[k] }));
    },
    isFiltered() {
      const w = this.wanted;
      return w.severities.length > 0 || w.q || w.region || w.category || w.rule || w.taken !== "all" || !w.held;
    },
  },
  created() {
    this.rows = new Map(); // not reactive: only what is seen is
    this.clock = 0; // seconds by which this machine's clock is behind the console's
  },
  mounted() {
    this.onKey = (event) => this.key(event);
    this.onSize = () => this.look();
    window.addEventListener("keydown", this.onKey);
    window.addEventListener("resize", this.onSize);
    this.ticking = setInterval(() => this.tick(), 1000);
    this.$emit("ready");
  },
  beforeUnmount() {
    window.removeEventListener("keydown", this.onKey);
    window.removeEventListener("resize", this.onSize);
    clearInterval(this.ticking);
  },
  watch: {
    help(on) {
      if (on) this.$nextTick(() => this.$refs.help.focus());
    },
  },
  methods: {
    t(name) {
      return this.texts[name] ?? name;
    },
    behind(row) {
      return [row.suspected, row.size, row.fault].filter(Boolean).join(" · ");
    },
    due(row) {
      const next = row.clocks.find((c) => c.at > this.now);
      const { report, at, time } = next || row.clocks[row.clocks.length - 1];
      const told = this.t(next ? "clock.left" : "clock.due").replace("{report}", report);
      return next ? told.replace("{left}", lasting(at - this.now, this.texts)) : told.replace("{time}", time);
    },
    count(severity) {
      return this.counts[severity] || [0, 0];
    },
    take(text) {
      const told = JSON.parse(text);
      const before = Date.now();
      this.clock = told.now - before / 1000;
      if (told.whole) this.rows.clear();
      const news = [];
      for (const row of told.rows) {
        if (!told.whole && !told.quiet && !this.rows.has(row.id)) news.push(row);
        delete this.leaving[row.id];
        this.rows.set(row.id, Object.freeze(row));
      }
      for (const id of told.gone) {
        if (told.quiet || !this.rows.has(id)) this.rows.delete(id);
        else {
          this.leaving[id] = true;
          setTimeout(() => {
            if (!this.leaving[id]) return;
            delete this.leaving[id];
            this.rows.delete(id);
            this.arrange();
          }, FADES_MS);
        }
      }
      this.counts = told.counts;
      this.all = told.all;
      this.loaded = true;
      this.now = before / 1000 + this.clock;
      this.arrange();
      if (news.length) this.announce(news);
      if (told.query !== undefined) history.replaceState(null, "", location.pathname + (told.query ? "?" + told.query : ""));
      this.$emit("taken");
    },
    arrange() {
      const order = [...this.rows.values()].sort(ORDERS[this.wanted.sort]);
      const place = {};
      order.forEach((row, number) => (place[row.id] = number));
      this.place = place;
      this.order = Object.freeze(order.map((row) => row.id));
      this.$nextTick(() => this.look());
      this.look();
    },
    look() {
      const frame = this.$refs.frame;
      if (!frame) return;
      const first = Math.max(0, Math.floor(frame.scrollTop / ROW) - SPARE);
      const last = Math.ceil((frame.scrollTop + Math.max(frame.clientHeight, 320)) / ROW) + SPARE;
      this.seen = this.order.slice(first, last).map((id) => this.rows.get(id));
    },
    announce(news) {
      news.sort(ORDERS.severity);
      for (const row of news) {
        this.fresh[row.id] = true;
        setTimeout(() => delete this.fresh[row.id], NEW_MS);
      }
      const worst = news[0];
      this.said = this.t("announce").replace("{severity}", this.t(worst.severity)).replace("{what}", worst.place + ", " + worst.name);
      if (this.sound) this.play(worst.severity);
    },
    play(severity) {
      try {
        const audio = (this.audio ??= new AudioContext());
        (TONES[severity] || TONES.warning).forEach((pitch, number) => {
          const tone = audio.createOscillator();
          const volume = audio.createGain();
          const at = audio.currentTime + number * 0.18;
          tone.frequency.value = pitch;
          volume.gain.setValueAtTime(0.12, at);
          volume.gain.exponentialRampToValueAtTime(0.001, at + 0.16);
          tone.connect(volume).connect(audio.destination);
          tone.start(at);
          tone.stop(at + 0.17);
        });
      } catch {
        this.sound = false;
      }
    },
    switchSound() {
      this.sound = !this.sound;
      localStorage.setItem(SOUND_KEY, this.sound ? "on" : "off");
      if (this.sound) this.play("minor");
    },
    tick() {
      this.now = Date.now() / 1000 + this.clock;
    },
    age(row) {
      if (!row.opened) return "–";
      return lasting(this.now - row.opened, this.texts);
    },
    drawn(row) {
      return spark(row.spark, row.line, 140, 36);
    },
    link(id) {
      return "/" + this.lang + "/warning/" + encodeURIComponent(id);
    },
    select(id) {
      this.selected = id;
    },
    open(id) {
      window.location.assign(this.link(id));
    },
    act(verb, id) {
      this.selected = id;
      this.$emit("act", { verb, id });
    },
    move(step) {
      if (!this.order.length) return;
      const at = this.place[this.selected];
      const next = Math.min(this.order.length - 1, Math.max(0, at === undefined ? 0 : at + step));
      this.selected = this.order[next];
      const frame = this.$refs.frame;
      if (next * ROW < frame.scrollTop) frame.scrollTop = next * ROW;
      else if ((next + 1) * ROW > frame.scrollTop + frame.clientHeight) frame.scrollTop = (next + 1) * ROW - frame.clientHeight;
      this.look();
      this.$nextTick(() => document.getElementById("w-" + this.selected)?.focus({ preventScroll: true }));
    },
    key(event) {
      const at = event.target;
      if (isBusy(event)) return;
      if (this.help) {
        if (event.key === "Escape" || event.key === "?") this.help = false;
        return;
      }
      const does = { j: () => this.move(1), k: () => this.move(-1), "/": () => this.$refs.search.focus(), "?": () => (this.help = true) }[event.key];
      if (does) {
        event.preventDefault();
        does();
        return;
      }
      if (!this.selected || this.place[this.selected] === undefined) return;
      if (event.key === "Enter" && (at === document.body || at.id === "w-" + this.selected)) {
        event.preventDefault();
        this.open(this.selected);
        return;
      }
      const verb = { a: "ack", s: "silence", f: "feedback" }[event.key];
      if (verb && this.mayAct) {
        event.preventDefault();
        this.act(verb, this.selected);
      }
    },
    toggle(severity) {
      const on = this.wanted.severities;
      this.set("severities", on.includes(severity) ? on.filter((s) => s !== severity) : [...on, severity]);
    },
    set(name, value) {
      this.wanted = { ...this.wanted, [name]: value };
      if (name === "sort") this.arrange();
      this.tell();
    },
    typed(event) {
      const q = event.target.value;
      this.wanted = { ...this.wanted, q };
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.tell(), TYPED_MS);
    },
    reset() {
      this.wanted = { ...this.wanted, severities: [], q: "", region: "", category: "", rule: "", taken: "all", held: true };
      this.tell();
    },
    tell() {
      const w = this.wanted;
      this.$emit("filter", { severity: w.severities.join(","), q: w.q, region: w.region, category: w.category, rule: w.rule, taken: w.taken, held: w.held ? "" : "no", sort: w.sort });
    },
  },
};
