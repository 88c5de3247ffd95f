// A table of plain values: columns say how each is shown.
import { Severity } from "barometer-console";

export default {
  components: { Severity },
  emits: ["ready", "taken", "pick"],
  props: { texts: Object, columns: Array, rows: { type: Array, default: null }, empty: String, caption: String, live: Boolean },
  template: `
    <div class="table-frame" :tabindex="isLong ? 0 : undefined" :role="isLong ? 'region' : undefined" :aria-label="isLong ? caption : undefined">
      <div v-if="shown === null" class="skeletons" aria-hidden="true"><div v-for="n in 3" :key="n" class="skeleton"></div></div>
      <p v-else-if="!shown.length" class="faint">{{ empty }}</p>
      <table v-else class="grid">
        <caption class="sr">{{ caption }}</caption>
        <thead><tr><th v-for="c in columns" :key="c.name" scope="col" :class="'k-' + c.kind"><span :class="{ sr: c.kind === 'severity' || c.kind === 'pick' }">{{ c.label }}</span></th></tr></thead>
        <tbody><tr v-for="(r, n) in shown" :key="r.key ?? n" :class="r.mark"><td v-for="c in columns" :key="c.name" :class="'k-' + c.kind">
          <Severity v-if="c.kind === 'severity'" :level="r[c.name]" :name="texts[r[c.name]] || r[c.name]" :letter="texts['letter.' + r[c.name]] || '–'" />
          <a v-else-if="c.kind === 'link' && r.href" :href="r.href">{{ r[c.name] }}</a>
          <span v-else-if="c.kind === 'share'" class="share"><i :style="{ width: Math.min(100, Math.max(0, 100 * r.share)) + '%' }" aria-hidden="true"></i><b>{{ r[c.name] }}</b></span>
          <span v-else-if="c.kind === 'chip'" class="chip" :class="'is-' + r.tone">{{ r[c.name] }}</span>
          <button v-else-if="c.kind === 'pick'" type="button" class="soft" :aria-label="c.action + ': ' + r.key" @click="$emit('pick', { key: r.key })">{{ c.action }}</button>
          <ul v-else-if="c.kind === 'lines'"><li v-for="(line, k) in r[c.name]" :key="k">{{ line }}</li></ul>
          <template v-else>{{ r[c.name] }}</template></td></tr></tbody>
      </table>
    </div>`,
  data() {
    return { told: null };
  },
  computed: {
    shown() {
      return this.told ?? this.rows;
    },
    isLong() {
      return this.shown !== null && this.shown.length > 9;
    },
  },
  mounted() {
    if (this.live) this.$emit("ready");
  },
  methods: {
    take(text) {
      this.told = JSON.parse(text).rows;
      this.$emit("taken");
    },
  },
};
