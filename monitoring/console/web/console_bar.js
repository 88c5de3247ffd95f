// The bar above every page: where one is, how many warnings there are, how good the data is, and who one is.
import { lasting } from "barometer-console";

const SILENT_MS = 5000; // without a word from the console for so long it is lost
const FRESH_S = 15;

export default {
  emits: ["ready", "taken", "dismiss"],
  props: { texts: Object, pages: Array, links: Object, who: Object, label: String, severities: Array, board: String, theme: String },
  template: `
    <div>
      <a class="skip" href="#content">{{ texts.skip }}</a>
      <header class="bar">
        <a class="brand" :href="board" :title="texts.console">
          <svg viewBox="0 0 32 32" aria-hidden="true"><path d="M5 23a12 12 0 1 1 22 0" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round"/><path d="M16 18 22.5 9" stroke="#f5a524" stroke-width="3" stroke-linecap="round"/><circle cx="16" cy="19" r="3.2" fill="currentColor"/></svg>
          <span>Barometer<small>{{ texts.console }}</small></span>
        </a>
        <nav :aria-label="texts.pages">
          <a v-for="p in pages" :key="p.name" :href="p.href" :class="{ on: p.on }" :aria-current="p.on ? 'page' : undefined"><span class="material-icons" aria-hidden="true">{{ p.icon }}</span><span>{{ p.title }}</span></a>
        </nav>
        <span class="room"></span>
        <span v-if="label" class="label">{{ label }}</span>
        <span class="tally" v-if="told"><a v-for="s in severities" :key="s" :class="['dot-' + s, { zero: !told.counts[s][0] }]" :href="board + '?severity=' + s" :aria-label="texts[s] + ': ' + told.counts[s][0]" :title="texts[s]"><i aria-hidden="true"></i>{{ told.counts[s][0] }}</a></span>
        <span class="pill" :class="'is-' + state" role="status" :title="long"><i aria-hidden="true"></i>{{ short }}</span>
        <time class="clock" aria-hidden="true">{{ clock }}</time>
        <a class="icon" :href="links.theme" :aria-label="texts[theme === 'dark' ? 'theme.to_light' : 'theme.to_dark']" :title="texts[theme === 'dark' ? 'theme.to_light' : 'theme.to_dark']"><span class="material-icons" aria-hidden="true">{{ theme === 'dark' ? 'light_mode' : 'dark_mode' }}</span></a>
        <a class="lang" :href="links.language + query" :hreflang="links.other" :lang="links.other">{{ texts['language.other'] }}</a>
        <span class="who" :title="who.said"><span class="material-icons" aria-hidden="true">account_circle</span>{{ who.name }}<small>{{ who.role }}</small></span>
        <a v-if="links.out" class="icon" :href="links.out" :aria-label="texts['sign out']" :title="texts['sign out']"><span class="material-icons" aria-hidden="true">logout</span></a>
      </header>
      <div v-if="state !== 'live' && state !== 'loading' && state !== 'behind'" class="banner" :class="'is-' + state" role="alert"><span class="material-icons" aria-hidden="true">{{ icon }}</span><b>{{ short }}</b><span>{{ long }}</span></div>
      <div v-if="told && told.late" class="banner is-late" role="status"><span class="material-icons" aria-hidden="true">pending_actions</span><b>{{ told.late.what }}</b><span>{{ told.late.long }} {{ told.late.more }}</span><span class="room"></span><button type="button" class="icon" :aria-label="texts['late.dismiss']" :title="texts['late.dismiss']" @click="$emit('dismiss', told.late.id)"><span class="material-icons" aria-hidden="true">close</span></button></div>
    </div>`,
  data() {
    return { told: null, heard: Date.now(), now: Date.now(), query: location.search };
  },
  mounted() {
    this.ticking = setInterval(() => {
      this.now = Date.now();
      this.query = location.search;
    }, 500);
    this.$emit("ready");
  },
  beforeUnmount() {
    clearInterval(this.ticking);
  },
  watch: {
    state(state) {
      document.body.classList.toggle("is-old", ["offline", "redis", "stale", "missing"].includes(state));
      document.body.dataset.state = state;
    },
  },
  computed: {
    state() {
      if (this.now - this.heard > SILENT_MS) return "offline";
      if (!this.told) return "loading";
      if (this.told.fault) return "redis";
      if (this.told.standing === "complete") return this.seconds > FRESH_S ? "stale" : "live";
      return this.told.standing;
    },
    seconds() {
      if (!this.told || this.told.age === null) return 0;
      return this.told.age / 1000 + (this.now - this.heard) / 1000;
    },
    age() {
      return lasting(this.seconds, this.texts);
    },
    short() {
      return (this.texts[this.state] || "").replace("{age}", this.age);
    },
    long() {
      const told = this.told || {};
      return (this.texts[this.state + ".long"] || "").replace("{age}", this.age).replace("{fault}", told.fault || "").replace("{share}", Math.round(100 * (told.progress || 0)));
    },
    icon() {
      return { offline: "cloud_off", redis: "cloud_off", stale: "history", rebuilding: "sync", missing: "hourglass_empty" }[this.state] || "info";
    },
    clock() {
      if (!this.told) return "";
      return new Date(this.told.now * 1000 + (this.now - this.heard) + this.told.offset * 1000).toISOString().slice(11, 19);
    },
  },
  methods: {
    take(text) {
      this.told = JSON.parse(text);
      this.heard = this.now = Date.now();
      this.$emit("taken");
    },
  },
};
