"""The last thing that a run prints: what was found, and where the report is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.rule import Rule
from rich.style import Style
from rich.table import Table
from rich.text import Text

from vsslfw.printable import printable
from vsslfw.report import words
from vsslfw.report.data import SYNTHETIC, ReportData
from vsslfw.report.html import NAME

LEFT_OUT_SHOWN = 5


@dataclass(frozen=True)
class Step:
    """Something to do next: what it is for, and the commands that do it, to be copied as they stand."""

    what: str
    commands: Sequence[str]


def print_summary(console: Console, report: ReportData, folder: Path, steps: Sequence[Step] = ()) -> None:
    """Print a short summary; ``folder`` is the run folder that holds report.html. No string of ``report`` is read as markup.

    It ends with the result beside the constant answer, where the report is, and the ``steps`` to take next.
    """
    console.print()
    console.print(Text(f"{printable(report.name)} - {printable(report.run)}", style="bold"))
    _print_warnings(console, report)
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
    console.print(Rule(style="dim"))
    _print_ending(console, report, folder)
    for number, step in enumerate(steps):
        console.print(Text("Next:   " if number == 0 else "        ", style="bold") + _text(step.what))
        for command in step.commands:
            console.print(Text("          ") + Text(printable(command), style="bold"), soft_wrap=True)


def print_result(console: Console, report: ReportData, folder: Path) -> None:
    """Print the result alone, and where the report is: what a quiet run says."""
    _print_warnings(console, report)
    _print_ending(console, report, folder)


def _print_warnings(console: Console, report: ReportData) -> None:
    """What must be read before any figure."""
    if report.synthetic:
        console.print(Text(SYNTHETIC, style="bold yellow"))
    if report.identified:
        console.print(Text("Ids are those of the manifest: keep this run private.", style="bold yellow"))
    if report.shows_patients:
        console.print(Text("The report shows frames of recorded video: keep it private.", style="bold yellow"))
    for audit in report.audits:
        if audit.outcome == "failed":
            console.print(
                Text(f"Audit failed, do not use this result: {printable(audit.check)}: {printable(audit.detail)}", style="bold red")
            )


def _print_ending(console: Console, report: ReportData, folder: Path) -> None:
    metrics, label = report.metrics, "Result: "
    for line in words.better_probes(metrics):
        console.print(Text(printable(line), style="bold yellow"), soft_wrap=True)
    for key, answer in (("balanced_accuracy", "any constant answer"), ("f1_macro", f"always {metrics['constant_answer']}")):
        entry = metrics["definitions"][key]
        value = Text(words.figure(entry["value"]), style="bold") + Text(words.between(entry.get("interval")))
        beside = f"; {answer}: {words.figure(entry['constant'])}"
        console.print(Text(label, style="bold") + _text(f"{entry['name']} ") + value + _text(beside))
        label = "        "
    path = folder / NAME
    console.print(Text("Report: ", style="bold") + Text(printable(str(path)), Style(link=path.resolve().as_uri())), soft_wrap=True)


def _computed(report: ReportData) -> list[str]:
    return [stage.name for stage in report.stages if stage.outcome == "computed"]


def _definitions(report: ReportData) -> Table:
    metrics = report.metrics
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("result by video")
    table.add_column("model", justify="right")
    table.add_column(f"{words.percent(metrics)} interval", justify="right")
    table.add_column(_text(f"always {metrics['constant_answer']}"), justify="right")
    for entry in metrics["definitions"].values():
        table.add_row(
            _text(entry["name"]),
            Text(words.figure(entry["value"]), style="bold"),
            Text(words.between(entry.get("interval"))[2:-1]),
            Text(words.figure(entry["constant"])),
        )
    auroc = metrics["auroc"]
    table.add_row(
        _text(f"{auroc['name']} *"), Text(words.figure(auroc["value"]), style="bold"), Text(""), Text(words.figure(auroc["constant"]))
    )
    table.add_row(Text("  class prior alone *"), Text(words.figure(auroc["prior_only"])), Text(""), Text(""))
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
        if line.outcome in ("noted", "warning"):
            style = "yellow" if line.outcome == "noted" else "bold yellow"
            console.print(Text(f"  {line.outcome}: {printable(line.check)}: {printable(line.detail)}", style=style))


def _print_left_out(console: Console, report: ReportData) -> None:
    if report.left_out:
        console.print(Text(f"{words.count(len(report.left_out), 'video')} left out:", style="yellow"))
        for item in report.left_out[:LEFT_OUT_SHOWN]:
            console.print(_text(f"  {item.video} ({item.role}): {item.reason}"))
        if len(report.left_out) > LEFT_OUT_SHOWN:
            console.print(Text(f"  and {len(report.left_out) - LEFT_OUT_SHOWN} more, in the report"))


def _text(value: str) -> Text:
    """Text that rich takes literally: strings become Text, which is never parsed as markup."""
    return Text(printable(value))
