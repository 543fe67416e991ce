"""The picture says what the numbers say: thickness is a share of the usual, and what is missing is hatched."""

from __future__ import annotations

import re

from tasuki.crm import stages
from tasuki.relay import drawing
from tasuki.relay.drawing import BASE, USUAL_TOP, Material, Picture
from tasuki.relay.kpis import Days, StageCount, Usual
from tasuki.relay.questions import Form


def count(stage: str, *, inflow: int = 100, usual: int | None = 100, moved: int = 50, **rest: object) -> StageCount:
    past = Usual(usual * 4, usual * 2, usual * 3, 4) if usual is not None else None
    return StageCount(stage, inflow=inflow, outflow={"advanced": moved, "recycled": 10}, usual=past, **rest)  # type: ignore[arg-type]  # fields of StageCount


def picture(*, form: Form = Form.PERIOD, hot: str | None = None, usual: int | None = 100, **changed: StageCount) -> Picture:
    counts = {stage: count(stage, usual=usual) for stage in stages.ORDER} | changed
    return drawing.draw(Material(counts, form, weeks=10.0, hot=hot))


def tops(sash: str) -> list[float]:
    return [float(y) for y in re.findall(r"L[\d.]+ ([\d.]+)", sash)]


def test_at_the_usual_the_sash_is_full_and_nothing_is_missing() -> None:
    drawn = picture()
    assert drawn.has_usual
    assert all(set(tops(leg.sash)) == {USUAL_TOP, BASE} for leg in drawn.legs)
    assert all(not leg.missing for leg in drawn.legs)


def test_half_the_usual_is_half_as_thick_and_the_rest_is_hatched() -> None:
    drawn = picture(booked=count(stages.BOOKED, inflow=50))
    inside = drawn.legs[1]
    assert (BASE + USUAL_TOP) / 2 in tops(inside.sash)
    assert inside.missing
    assert (inside.marks[2].short, inside.marks[1].short) == (50, 0)


def test_without_a_usual_it_is_full_and_compares_nothing() -> None:
    drawn = picture(usual=None)
    assert not drawn.has_usual
    assert all(not leg.missing for leg in drawn.legs)
    assert all(pill.points is None for pill in drawn.pills)
    assert all(not seam.tick for seam in drawn.seams)


def test_far_above_the_usual_is_cut_off_with_a_mark_that_says_how_far() -> None:
    mark = picture(p2=count(stages.P2, inflow=180)).legs[2].marks[1]
    assert mark.over is not None
    assert round(mark.over, 2) == 0.8
    assert mark.over_path
    assert picture(p2=count(stages.P2, inflow=110)).legs[2].marks[1].over is None


def test_rates_say_their_points_to_the_usual_unless_they_are_young_or_few() -> None:
    by_period = {pill.stage: pill for pill in picture(connected=count(stages.CONNECTED, moved=32)).pills}
    assert round(by_period[stages.CONNECTED].points or 0, 1) == -18.0
    by_cohort = picture(form=Form.COHORT, connected=count(stages.CONNECTED, cohort_moved=20, cohort_left=60)).pills[3]
    assert (by_cohort.stage, by_cohort.share, by_cohort.maturity, by_cohort.points) == (stages.CONNECTED, 0.2, 0.6, None)
    few = picture(connected=count(stages.CONNECTED, inflow=29)).pills[3]
    assert few.points is None


def test_a_hand_off_is_the_share_of_those_decided() -> None:
    seam = picture(booked=count(stages.BOOKED, moved=30)).seams[1]
    assert (seam.part, seam.n, seam.share) == (30, 40, 0.75)
    assert not seam.is_below
    assert picture(booked=count(stages.BOOKED, moved=20, inflow=100)).seams[1].is_below is False  # 2 of 3 is the usual
    assert picture(booked=StageCount(stages.BOOKED, inflow=90, outflow={"advanced": 40, "lost": 40}, usual=Usual(400, 200, 300, 4))).seams[1].is_below


def test_the_stock_is_weeks_of_work_and_breaks_off_when_it_is_very_long() -> None:
    marks = {
        mark.key: mark
        for leg in picture(ready=count(stages.READY, balance_end=12, n_aged=6), nurturing=count(stages.NURTURING, balance_end=900)).legs
        for mark in leg.marks
    }
    assert marks[stages.READY].weeks == 2.0
    assert marks[stages.READY].aged_height == marks[stages.READY].stock_height / 2
    assert marks[stages.NURTURING].is_broken
    assert marks[stages.P1].stock_height == 0


def test_what_flows_back_is_as_thick_as_its_count_and_fits_below() -> None:
    few = StageCount(stages.P1, outflow={"recycled": 50})
    many = StageCount(stages.WORKING, outflow={"recycled": 100})
    none = {stage: StageCount(stage) for stage in stages.ORDER}
    arcs = {arc.stage: arc for arc in drawing.draw(Material(none | {stages.P1: few, stages.WORKING: many}, Form.PERIOD, 1.0, None)).arcs}
    assert arcs[stages.WORKING].width == 2 * arcs[stages.P1].width
    crowded = picture()
    assert max(float(y) for arc in crowded.arcs for y in re.findall(r"V([\d.]+)q0", arc.path)) < drawing.HEIGHT - 20


def test_the_pointer_leads_to_the_neck() -> None:
    drawn = picture(hot=stages.CONNECTED)
    assert drawn.pointer is not None
    assert [pill.stage for pill in drawn.pills if pill.is_hot] == [stages.CONNECTED]
    assert picture(hot=stages.BOOKED).seams[1].is_hot
    assert picture().pointer is None


def test_a_name_that_is_too_wide_is_written_small() -> None:
    mark = picture().legs[0].marks[0]
    assert mark.is_long("オンボーディング")
    assert not mark.is_long("미팅 확정")
    assert mark.is_long("Ready (MQL)")


def test_an_empty_ledger_is_drawn_too() -> None:
    drawn = drawing.draw(Material({stage: StageCount(stage, days=Days()) for stage in stages.ORDER}, Form.COHORT, None, None))
    assert [leg.key for leg in drawn.legs] == list(drawing.LEGS)
    assert all(pill.share is None for pill in drawn.pills)
    assert drawn.arcs == []
