"""Who should do an order: a proposal by team, skill, certificate, shift, site and load, with its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plantroom.model import Text
from plantroom.people import Roster, Team, Technician
from plantroom.times import Nanos, to_datetime


@dataclass(frozen=True, slots=True)
class Work:
    """What of an order decides who can do it."""

    skill: str
    site: str
    priority: int


@dataclass(frozen=True, slots=True)
class Load:
    """What somebody has to do already."""

    orders: int = 0
    urgent: int = 0
    """Those of priority 1 and 2."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Somebody who could do it, and what speaks for and against; `fit` says whether they may."""

    username: str
    name: str
    fit: bool
    rank: int
    """1 for the best."""
    reasons: tuple[Text, ...]
    """Against first, where they may not."""


@dataclass(frozen=True, slots=True)
class _Judged:
    technician: Technician
    against: tuple[Text, ...]
    reasons: tuple[Text, ...]
    order: tuple[int, ...]


def propose(
    work: Work, roster: Roster, loads: Mapping[str, Load], now: Nanos, *, limit: int | None = None
) -> tuple[Proposal, ...]:
    """Every active technician, the best first; those who may not do it come last, with what they lack.

    Ranked by, in this order: may do it, is there (on shift, on call, hours not known, away), of the team that
    the skill belongs to, urgent orders in hand, orders in hand, username.
    """
    judge = _Judge(work, roster, roster.team_for(work.skill), now)
    judged = [judge.of(item, loads.get(item.username, Load())) for item in roster.technicians if item.active]
    judged.sort(key=lambda item: (bool(item.against), item.order, item.technician.username))
    found = (
        Proposal(
            username=item.technician.username,
            name=item.technician.name,
            fit=not item.against,
            rank=place,
            reasons=(*item.against, *item.reasons),
        )
        for place, item in enumerate(judged, 1)
    )
    return tuple(found)[:limit]


@dataclass(frozen=True, slots=True)
class _Judge:
    work: Work
    roster: Roster
    team: Team | None
    now: Nanos

    def of(self, item: Technician, load: Load) -> _Judged:
        """What speaks for and against the technician."""
        skill, site = self.work.skill, self.work.site
        words = self.roster.skill_name(skill)
        against: list[Text] = []
        reasons: list[Text] = []
        if skill in item.skills:
            reasons.append(Text(f"has the skill {words.en}", f"具备技能：{words.zh}"))
        else:
            against.append(Text(f"lacks the skill {words.en}", f"缺少技能：{words.zh}"))
        if self.roster.needs_certificate(skill):
            valid, words = self._certificate(item)
            (reasons if valid else against).append(words)
        if item.sites and site not in item.sites:
            against.append(Text(f"does not work at {site}", f"不在 {site} 工作"))
        of_team = self.team is not None and item.team == self.team.key
        if self.team is not None and of_team:
            reasons.append(Text(f"of the {self.team.name.en}", f"属于{self.team.name.zh}"))
        presence, words = self._presence(item)
        reasons += [words, _load_words(load)]
        order = (presence, 0 if of_team else 1, load.urgent, load.orders)
        return _Judged(item, tuple(against), tuple(reasons), order)

    def _certificate(self, item: Technician) -> tuple[bool, Text]:
        skill = self.work.skill
        today = self.roster.day_of(item.username, self.now)
        valid = self.roster.certificate_for(item.username, skill, today)
        if valid is not None and valid.expires_on is None:
            return True, Text("certificate valid", "证书有效")
        if valid is not None:
            return True, Text(
                f"certificate valid until {valid.expires_on}", f"证书有效期至 {valid.expires_on}"
            )
        ended = [
            one.expires_on
            for one in self.roster.certificates
            if one.technician == item.username and one.skill == skill and one.expires_on is not None
            if one.expires_on < today
        ]
        if ended:
            return False, Text(f"certificate ended on {max(ended)}", f"证书已于 {max(ended)} 到期")
        name = self.roster.skill_name(skill)
        return False, Text(f"no certificate for {name.en}", f"没有证书：{name.zh}")

    def _presence(self, item: Technician) -> tuple[int, Text]:
        """0 on shift, 1 on call, 2 where hours are not known, 3 away; and the words for it."""
        shift = self.roster.shift_at(item.username, self.now)
        if shift is not None:
            until = f"{to_datetime(shift[1], self.roster.zone_of(item.username)):%H:%M}"
            return 0, Text(f"on shift until {until}", f"当班至 {until}")
        if any(item.username in self.roster.on_call(team.key, self.now) for team in self.roster.teams):
            return 1, Text("on call", "值班待命")
        if not self.roster.has_shifts(item.username):
            return 2, Text("working hours not known", "工作时间未登记")
        return 3, Text("not on shift", "未当班")


def _load_words(load: Load) -> Text:
    if load.orders == 0:
        return Text("no open orders", "没有未完成工单")
    en = "1 open order" if load.orders == 1 else f"{load.orders} open orders"
    zh = f"{load.orders} 个未完成工单"
    if load.urgent:
        en, zh = f"{en}, {load.urgent} urgent", f"{zh}，其中 {load.urgent} 个紧急"
    return Text(en, zh)
