"""Marking by hand: nbgrader's formgrader in a server that can run nothing.

The configuration is made here and no file is read. There is no kernel, no terminal, and the buttons
of nbgrader that would grade, collect or release answer with the command that does it.
"""

import copy
import json
import os
from contextlib import suppress
from typing import Any

import nbformat
from jinja2 import FileSystemLoader
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory
from nbgrader.server_extensions.formgrader import apihandlers, handlers
from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension
from tornado import web
from traitlets.config import Config

from classroom import marking, markup
from classroom.course import TEMPLATES, Course, prepare_environment
from classroom.errors import Refused
from classroom.source import Assignment

# Scripts are the formgrader's own, some of them inside its pages. Nothing is fetched from
# elsewhere, and nothing can be sent there.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
ELSEWHERE = {
    apihandlers.AssignHandler: "release",
    apihandlers.UnReleaseHandler: "release",
    apihandlers.ReleaseHandler: "release",
    apihandlers.CollectHandler: "collect",
    apihandlers.AutogradeHandler: "grade",
    apihandlers.GenerateAllFeedbackHandler: "feedback",
    apihandlers.GenerateFeedbackHandler: "feedback",
    apihandlers.ReleaseAllFeedbackHandler: "feedback --exchange",
    apihandlers.ReleaseFeedbackHandler: "feedback --exchange",
}


class SayCommand(apihandlers.BaseApiHandler):
    """Answers a button of nbgrader's that does nothing here."""

    def initialize(self, command: str) -> None:
        """Know which command does it."""
        self.command = command

    @web.authenticated
    def post(self, *_: str) -> None:
        text = f"Not from here: use `classroom {self.command}`, which runs programs in a sandbox."
        self.write(json.dumps({"success": False, "error": text, "log": text}))


class Desk(FormgradeExtension):
    """The formgrader of one course, on a configuration that is made in code."""

    def initialize(self, argv: list[str] | None = None, root: str = "") -> None:
        """Take the course of this server; nbgrader would run `nbgrader_config.py` of any folder."""
        self.coursedir = CourseDirectory(parent=self)

    def load_config(self) -> Config:
        return Config()

    def load_config_file(self, **_: Any) -> None:
        pass

    @property
    def url_prefix(self) -> str:
        return "."

    def init_tornado_settings(self, webapp: Any) -> None:
        """Show notebooks with our exporter."""
        super().init_tornado_settings(webapp)
        exporter = DeskExporter(config=self.config)
        exporter.course = self.parent.course
        webapp.settings["nbgrader_exporter"] = exporter

    def init_handlers(self, webapp: Any) -> None:
        """Put an answer in place of each button that would do something else than mark."""
        own = apihandlers.default_handlers
        apihandlers.default_handlers = [
            (path, SayCommand, {"command": ELSEWHERE[handler]}) if handler in ELSEWHERE
            else (path, handler)
            for path, handler in own
        ]  # fmt: skip
        try:
            super().init_handlers(webapp)
        finally:
            apihandlers.default_handlers = own


class DeskExporter(HTMLExporter):
    """Shows a notebook with our Markdown, in which nothing can happen, and with the rubrics."""

    course: Course

    def __init__(self, **about: Any) -> None:
        super().__init__(extra_loaders=[FileSystemLoader(TEMPLATES / "desk")], **about)
        self.register_filter("markdown2html", _harmless_html)

    def from_notebook_node(  # type: ignore[override]  # as in HTMLExporter
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **about: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return the page of a notebook; below each answer stand model answer and rubric."""
        with suppress(Refused):  # an assignment that is no longer there can still be looked at
            nb = with_rubrics(nb, self.course.assignment((resources or {})["assignment_id"]))
        shown: tuple[str, dict[str, Any]] = super().from_notebook_node(nb, resources, **about)
        return shown


def with_rubrics(notebook: NotebookNode, assignment: Assignment) -> NotebookNode:
    """Return the notebook with model answer and rubric below each answer, for who marks it."""
    shown = copy.copy(notebook)
    shown.cells = []
    for cell in notebook.cells:
        shown.cells.append(cell)
        question = assignment.questions.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
        if question is not None:
            model = "\n".join(f"> {line}" for line in question.model_answer.split("\n"))
            text = f"**Model answer**\n\n{model}\n\n**Rubric**\n\n{question.rubric}"
            shown.cells.append(nbformat.v4.new_markdown_cell(text))
    return shown


def _harmless_html(markdown: str) -> str:
    return markup.clean(markup.markdown_html(markdown))


class NoKernels(AsyncMappingKernelManager):
    """Starts none."""

    async def start_kernel(self, **_: Any) -> str:  # type: ignore[override]  # jupyter_server does
        raise web.HTTPError(403, "No program runs here: `classroom grade` runs them in a sandbox.")


class Server(ServerApp):
    """A server with the formgrader as its only extension, and no configuration of its own."""

    course: Course

    def load_config_file(self, *_: Any, **__: Any) -> None:
        """Read none."""

    def load_server_extensions(self) -> None:
        """Load the formgrader. What else is installed is not looked for."""
        desk = Desk(parent=self)
        desk.log, desk.root_dir = self.log, self.root_dir
        desk.initialize()
        desk.init_tornado_settings(self.web_app)
        desk.init_handlers(self.web_app)


def server(course: Course, port: int = 0, browser: bool = True) -> Server:
    """Return a server for marking by hand; its `start` runs until it is interrupted.

    Parameters
    ----------
    course : Course
        What is marked.
    port : int
        Where it answers on this machine; 0 is any that is free.
    browser : bool
        Whether to open one.
    """
    prepare_environment()
    os.environ["JUPYTER_NO_CONFIG"] = "1"
    config = course.config()
    config.ServerApp.root_dir = str(course.root)
    config.ServerApp.ip = "127.0.0.1"
    config.ServerApp.port = port
    config.ServerApp.open_browser = browser
    config.ServerApp.default_url = "/formgrader/gradebook"
    config.ServerApp.terminals_enabled = False
    config.ServerApp.kernel_manager_class = NoKernels
    config.ServerApp.allow_root = True
    config.ServerApp.answer_yes = True
    config.ServerApp.log_level = "ERROR"
    config.ServerApp.tornado_settings = {"headers": {"Content-Security-Policy": POLICY}}
    config.DeskExporter.template_name = "formgrade"
    config.DeskExporter.extra_template_basedirs = [handlers.template_path]
    config.FormgradeExtension.debug = False
    made = Server(config=config)
    made.course = course
    made.initialize(argv=[], find_extensions=False)
    return made


def mark(course: Course, port: int = 0, browser: bool = True) -> None:
    """Serve the formgrader until it is interrupted; then compute again what being late costs."""
    made = server(course, port, browser)
    print(f"Mark by hand at {made.display_url.split()[0]}")
    print("Ctrl-C ends it.", flush=True)
    try:
        made.start()
    finally:
        with course.gradebook() as gradebook:
            for assignment in gradebook.assignments:
                marking.assign_penalties(course, gradebook, assignment.name)
