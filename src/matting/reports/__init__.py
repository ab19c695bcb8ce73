"""What people read of finished runs: HTML pages, tables and pictures of recipes and experiments, W&B dashboards.

write: the entry points, one for recipes and one for experiments. report: the structure of both. recipe_report,
experiment_report: build it. narrative: sentences. tables: compare rows. table_formats: tables as text, Markdown, LaTeX
and CSV. curves: loss curves. page, page.html.j2, page.css: the HTML. wandb_dashboard: workspace and report in W&B.

May import experiments and what lies below it. Imports no torch: a report is written in seconds on any machine.
"""
