"""A method measured on test sets.

May import: methods, tracking, visualization and the packages below them.

measure: predict and measure the samples of a test set, for stages and methods alike.
evaluator: each sample of each test set, every row and region.
persons_behind: the figures without the backgrounds that show people.
without_people: pictures in which nothing should be found.
prefetch: samples loaded ahead by threads.
gallery: the first, best and worst samples as pictures.
"""
