"""The last thing that a run prints: what was found, and where the report is."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vsslfw.report import words
from vsslfw.report.data import SYNTHETIC, ReportData
from vsslfw.report.html import NAME

LEFT_OUT_SHOWN = 5


def print_summary(console: Console, report: ReportData, folder: Path) -> None:
    """Print a short summary; ``folder`` is the run folder that holds report.html. No string of ``report`` is read as markup."""
    console.print()
    console.print(Text(f"{_plain(report.name)} - {_plain(report.run)}", style="bold"))
    if report.synthetic:
        console.print(Text(SYNTHETIC, style="bold yellow"))
    if report.identified:
        console.print(Text("Ids are those of the manifest: keep this run private.", style="bold yellow"))
    for audit in report.audits:
        if audit.outcome == "failed":
            console.print(Text(f"Audit failed, do not use this result: {_plain(audit.check)}: {_plain(audit.detail)}", style="bold red"))
    for line in words.headline(report.metrics):
        console.print(_text(line))
    console.print()
    console.print(_definitions(report))
    console.print(Text("* never to be read against .5: the report says why", style="dim"))
    console.print()
    console.print(_confusion(report))
    console.print()
    console.print(_text(words.learnt(report.pretrainings)))
    _print_audits(console, report)
    _print_left_out(console, report)
    reused = [stage.name for stage in report.stages if stage.outcome == "reused"]
    console.print(_text(f"Stages reused: {', '.join(reused) or 'none'}; computed: {', '.join(_computed(report)) or 'none'}."))
    console.print()
    console.print(Text("Report: ", style="bold") + _text(str(folder / NAME)), soft_wrap=True)
    for line in next_steps(report, folder):
        console.print(Text("Next:   ", style="bold") + _text(line), soft_wrap=True)


def next_steps(report: ReportData, folder: Path) -> list[str]:
    """What to type or open next."""
    steps = ["open the report in a browser; it needs no network"]
    if report.synthetic:
        steps.append(f"your own video: vsslfw run {_recipe_name(report)} --profile stable --data videos.csv")
    swap = """--set 'corruption=[dict(type="mask_frames", ratio=0.3)]'"""
    steps.append(f"swap a part: vsslfw run {_recipe_name(report)} {swap} --out other, then vsslfw diff {folder} other")
    return steps


def _recipe_name(report: ReportData) -> str:
    """As it was given, or would be found again."""
    return report.recipe_source if report.recipe_source.endswith(".py") or "/" not in report.recipe_source else report.name


def _computed(report: ReportData) -> list[str]:
    return [stage.name for stage in report.stages if stage.outcome == "computed"]


def _definitions(report: ReportData) -> Table:
    metrics = report.metrics
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("result by video")
    table.add_column("model", justify="right")
    table.add_column(_text(f"always {metrics['constant_answer']}"), justify="right")
    for entry in metrics["definitions"].values():
        table.add_row(_text(entry["name"]), Text(words.figure(entry["value"]), style="bold"), Text(words.figure(entry["constant"])))
    auroc = metrics["auroc"]
    table.add_row(_text(f"{auroc['name']} *"), Text(words.figure(auroc["value"]), style="bold"), Text(words.figure(auroc["constant"])))
    table.add_row(Text("  class prior alone *"), Text(words.figure(auroc["prior_only"])), Text(""))
    return table


def _confusion(report: ReportData) -> Table:
    confusion = report.metrics["confusion"]
    table = Table(box=None, pad_edge=False, header_style="bold")
    of = f" (mean of {report.metrics['n_repeats']} repeats)" if report.metrics["n_repeats"] > 1 else ""
    table.add_column(f"true, by predicted class{of}")
    for name in confusion["classes"]:
        table.add_column(_text(name), justify="right")
    for name, numbers in zip(confusion["classes"], confusion["matrix"], strict=True):
        table.add_row(_text(name), *(Text(words.number(number)) for number in numbers))
    return table


def _print_audits(console: Console, report: ReportData) -> None:
    console.print(_text(words.audit_summary([line.outcome for line in report.audits]) + "."))
    for line in report.audits:
        if line.outcome == "noted":
            console.print(Text(f"  noted: {_plain(line.check)}: {_plain(line.detail)}", style="yellow"))


def _print_left_out(console: Console, report: ReportData) -> None:
    if report.left_out:
        console.print(Text(f"{words.count(len(report.left_out), 'video')} left out:", style="yellow"))
        for item in report.left_out[:LEFT_OUT_SHOWN]:
            console.print(_text(f"  {item.video} ({item.role}): {item.reason}"))
        if len(report.left_out) > LEFT_OUT_SHOWN:
            console.print(Text(f"  and {len(report.left_out) - LEFT_OUT_SHOWN} more, in the report"))


def _text(value: str) -> Text:
    """Text that rich takes literally: strings become Text, which is never parsed as markup."""
    return Text(_plain(value))


def _plain(value: str) -> str:
    """Without line breaks, escape sequences or half characters: a file name must not drive the terminal."""
    return "".join(letter if letter.isprintable() else "�" for letter in value)
