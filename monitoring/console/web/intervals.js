// Figures with their intervals against a target, one below the other.
import { Told } from "barometer-console";

export default {
  mixins: [Told],
  props: { texts: Object },
  template: `
    <div class="figures">
      <div v-if="!told" class="skeletons"><div v-for="n in 6" :key="n" class="skeleton"></div></div>
      <section v-for="m in told ? told.measures : []" :key="m.id" class="panel">
        <h2>{{ m.title }} <small>{{ m.target }}</small></h2>
        <p v-if="m.note" class="faint">{{ m.note }}</p>
        <p v-if="!m.rows.length" class="faint">{{ texts.empty }}</p>
        <ul v-else class="scales" tabindex="0" :aria-label="m.title"><li v-for="r in m.rows" :key="r.cell" :class="['is-' + r.verdict, { whole: r.whole }]">
          <span class="name"><b>{{ r.name }}</b><small>{{ r.n }}</small></span>
          <span class="scale" aria-hidden="true"><i class="target" :style="{ left: m.at + '%' }"></i><i v-if="r.low !== null" class="whisker" :style="{ left: r.low + '%', width: Math.max(.4, r.high - r.low) + '%' }"></i><i v-if="r.at !== null" class="point" :style="{ left: r.at + '%' }"></i></span>
          <span class="value"><b>{{ r.value }}</b><small>{{ r.interval }}</small></span>
          <span class="verdict"><span class="material-icons" aria-hidden="true">{{ icons[r.verdict] }}</span>{{ texts['verdict.' + r.verdict] }}</span></li></ul>
      </section>
    </div>`,
  data() {
    return { icons: { below: "priority_high", unsure: "help_outline", met: "check", few: "more_horiz" } };
  },
};
