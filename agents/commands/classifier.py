"""`barometer classifier`: how well the classifier agrees with labelled texts, and a model learned from them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from agents.cli import EXIT_USAGE

if TYPE_CHECKING:
    from models.agreement import Agreement

EXIT_FOUND: Final = 1
_LABELS: Final = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def classifier() -> None:
    """Measure the classifier, and teach it your own texts.

    \b
    Examples
      barometer classifier evaluate --labels labelled.jsonl
      barometer classifier train --labels history.jsonl --out ours.model
      barometer classifier evaluate --labels others.jsonl --model ours.model
      BAROMETER_MODEL_FILE=ours.model barometer worker
    """


@classifier.command()
@click.option(
    "--labels",
    required=True,
    type=_LABELS,
    help="JSON lines: text, label, and if known labels_ok, ambiguous, lang.",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Tell the lexicon, this model and both apart; `shipped` is the one that workers ask.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each language and judge.")
def evaluate(*, labels: Path, model: Path | None, as_json: bool) -> None:
    """Compare what the classifier says with what people said.

    A line of the file has a `text` and a `label`, one of the coarse classes; `labels_ok` lists the classes that are right
    as well (lenient), `ambiguous` says that people did not agree, `lang` groups the tables. Prints for each language the
    accuracies, precision, recall and F1 of each class, the confusion table and the calibration: of a worker with the model
    of BAROMETER_MODEL_FILE, or with --model of the lexicon alone, of the model alone, and of both together.

    It also looks for terms of the lexicon, and texts of the grammar that the shipped model was trained of, that were copied
    from the file: 8 or more Chinese characters, or 6 or more English words. Figures on texts that were memorised mean nothing.

    \b
    Examples
      barometer classifier evaluate --labels labelled.jsonl
      barometer classifier evaluate --labels labelled.jsonl --model ours.model
      barometer classifier evaluate --labels labelled.jsonl --json | jq .lenient

    Exit codes: 0 fine, 1 something was copied, 2 the file is no labelled file, or the model none of ours.
    """
    import msgspec

    from agents.compiledlexicon import kept_classifier
    from agents.judges import judges
    from agents.labelled import read_labelled
    from agents.settings import load_settings
    from agents.training.talk import everything
    from models.agreement import Said, agreement, memorised, shared
    from models.errors import DataFileError
    from models.taxonomy import load_taxonomy

    taxonomy = load_taxonomy()
    texts = read_labelled(labels, taxonomy.coarse_classes)
    try:
        asked = judges(model, load_settings().model_file)
    except DataFileError as error:
        raise _refused(error) from None
    for name, judge in asked.items():
        pairs = [
            (text, Said(found.coarse, found.confidence))
            for text in texts
            for found in (judge.classify(text.text),)
        ]
        for lang in dict.fromkeys(text.lang for text in texts):
            told = agreement(
                lang, [pair for pair in pairs if pair[0].lang == lang], taxonomy.coarse_classes, judge=name
            )
            click.echo(msgspec.json.encode(told).decode() if as_json else _table(told))
    lexicon = kept_classifier().lexicon
    copied = [*memorised(lexicon, [text.text for text in texts])]
    copied += shared(everything(lexicon), [text.text for text in texts])
    if copied:
        click.echo(f"copied from these texts: {', '.join(copied)}", err=True)
        sys.exit(EXIT_FOUND)
    if not as_json:
        click.echo("no term of the lexicon and no text of the grammar was copied from these texts")


@classifier.command()
@click.option("--labels", type=_LABELS, help="JSON lines: text, label, and if known code.")
@click.option(
    "--own", is_flag=True, help="Train on the project's own made up texts, as the shipped model was."
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="The model's file.",
)
@click.option(
    "--steps", default=100, show_default=True, type=click.IntRange(1, 1_000), help="Most steps of the fit."
)
def train(*, labels: Path | None, own: bool, out: Path, steps: int) -> None:
    """Learn from labelled texts what the lexicon may not know.

    A line of the file has a `text` and a `label`: a coarse class (network), a category (NET) or a subcategory (NET.DROP);
    `code` names the subcategory where the label is wider. The finer the labels, the more is learned: departments and priorities
    rest on subcategories. What comes out is a linear model over pieces of words, a file of some three megabytes.
    It needs a few hundred texts of each label to be of use; hold some back and see with `evaluate --model`. With --labels and
    --own together both are taken.

    Workers ask it where the lexicon is unsure: set BAROMETER_MODEL_FILE for all of them, and for `verify` and `backtest`. It is
    a part of what judges: another model is another version (docs/upgrades.md). The same texts in the same order make the same
    model, up to the last bits of the machine's arithmetic; one file says the same everywhere.

    \b
    Examples
      barometer classifier train --labels history.jsonl --out ours.model
      barometer classifier train --labels history.jsonl --own --out ours.model

    Exit codes: 0 fine, 2 the file is no labelled file.
    """
    from agents.compiledlexicon import kept_classifier
    from agents.labelled import read_examples
    from agents.training.fit import train as fitted
    from agents.training.talk import own as own_examples
    from models.opinion import read, save
    from models.taxonomy import load_taxonomy

    if labels is None and not own:
        raise click.UsageError("name texts with --labels FILE, or --own for the project's own")
    taxonomy, judge = load_taxonomy(), kept_classifier()
    examples = read_examples(labels, judge, taxonomy) if labels else []
    examples += own_examples(judge.lexicon, taxonomy) if own else []
    click.echo(f"learning from {len(examples):,} texts ...", err=True)
    try:
        content = save(fitted(examples, steps=steps))
    except ValueError as error:
        raise click.UsageError(f"{error}: two labels at least are needed") from None
    out.write_bytes(content)
    model = read(content, str(out))
    click.echo(f"{out}: {len(model.labels)} labels, {len(content):,} bytes, digest {model.digest}")


@classifier.command()
def calibrate() -> None:
    """Print how often answers are right by their evidence, as `models/data/confidence.yaml` has it.

    Measured on whole texts, and texts of templates, that the model did not see. For those who change the lexicon or the
    training texts; takes a minute or two.
    """
    from agents.compiledlexicon import kept_classifier
    from agents.training.curve import curve, measured
    from agents.training.talk import others
    from models.taxonomy import load_taxonomy

    lexicon, taxonomy = kept_classifier().lexicon, load_taxonomy()
    click.echo(
        "training on one half of the templates, asking about the other, and the other way round ...", err=True
    )
    alone, advised = measured(lexicon, taxonomy, others(lexicon, taxonomy))
    click.echo(f"lexicon: {curve(alone)}  # {len(alone):,} texts")
    click.echo(f"advised: {curve(advised)}  # {len(advised):,} texts")


def _refused(error: Exception) -> click.ClickException:
    refusal = click.ClickException(str(error))
    refusal.exit_code = EXIT_USAGE
    return refusal


def _table(told: "Agreement") -> str:
    names = [one.name for one in told.classes]
    rows = [
        f"{told.lang}, {told.judge}: {told.texts} texts, {told.unambiguous} of them unambiguous",
        f"  strict, unambiguous  {told.strict_unambiguous:.3f}",
        f"  strict, all          {told.strict:.3f}",
        f"  lenient, all         {told.lenient:.3f}",
        "",
        f"  {'label / said':<12}" + "".join(f"{name:>10}" for name in names) + "  precision  recall     F1",
    ]
    for one in told.classes:
        counts = "".join(f"{told.confusion[one.name][name] or '.':>10}" for name in names)
        rows.append(f"  {one.name:<12}{counts}{one.precision:>11.2f}{one.recall:>8.2f}{one.f1:>7.2f}")
    rows += ["", "  confidence     texts   said  right"]
    rows += [
        f"  {one.low:.1f} to {one.high:.1f}{one.texts:>9}{one.confidence:>7.2f}{one.right:>7.2f}"
        for one in told.calibration
    ]
    return "\n".join(rows) + "\n"
