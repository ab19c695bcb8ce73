"""What people read of finished runs: tables, pages, sentences, dashboards.

May import: experiments, tracking, visualization and the packages below them; no torch.

report: one structure of all reports: sections, tables, pictures, files.
recipe_report: the report of a recipe.
experiment_report: the report of an experiment.
page: a report as one HTML page; the template is page.html.j2, the style page.css.
write: the files of a report.
tables: the tables of a report, as data.
without_people: the tables of pictures without people.
table_formats: a table as text, Markdown and LaTeX.
narrative: the sentences of a report.
curves: loss curves as SVG.
wandb_dashboard: a workspace and a report of Weights & Biases.
"""
