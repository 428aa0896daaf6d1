"""Makes the buckets, tasks and tokens that the InfluxDB reading store needs, and says what is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from influxdb_client import (
    Authorization,
    BucketRetentionRules,
    PatchBucketRequest,
    PatchRetentionRule,
    Permission,
    PermissionResource,
    TaskCreateRequest,
    TaskUpdateRequest,
)
from influxdb_client.rest import ApiException
from influxdb_client.service.buckets_service import BucketsService
from urllib3.exceptions import HTTPError

from plantroom.errors import StoreError
from plantroom.stores.influx_server import InfluxServer
from plantroom.stores.influx_tasks import TaskText, task_texts
from plantroom.stores.influx_tiers import Tier
from plantroom.times import DAY, SECOND, Nanos


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that setting up looked at: `done` is made, changed or unchanged."""

    what: str
    name: str
    done: str
    detail: str = ""


class InfluxSetup:
    """Sets one property's buckets and tasks up, over a server whose token may. Repeating changes nothing."""

    def __init__(self, server: InfluxServer, tiers: Sequence[Tier], *, dry_run: bool = False) -> None:
        self._server = server
        self._client = server.client
        self._buckets = BucketsService(self._client.api_client)
        self._tiers = tuple(tiers)
        self._dry_run = dry_run

    def run(self) -> Iterator[Step]:
        """Each bucket and task as it is dealt with.

        Raises: StoreUnavailableError, StoreError where the token may not or the organization is missing.
        """
        try:
            org_id = self._org_id()
            for tier in self._tiers:
                yield self._bucket(tier, org_id)
            for task in task_texts(self._tiers):
                yield self._task(task, org_id)
        except (ApiException, HTTPError, OSError) as failure:
            raise self._server.in_our_words(failure, "setting up") from failure

    def token(self, description: str, *, writes: bool) -> str:
        """A new token that may read the three buckets and, if it `writes`, write the raw one; nothing else.

        Raises: StoreUnavailableError, StoreError.
        """
        try:
            org_id = self._org_id()
            found = [self.find_bucket(tier.bucket) for tier in self._tiers]
            buckets = [bucket for bucket in found if bucket is not None]
            permissions = [_permission("read", bucket.id, org_id) for bucket in buckets]
            if writes:
                permissions.append(_permission("write", buckets[0].id, org_id))
            wanted = Authorization(org_id=org_id, permissions=permissions, description=description)
            made = self._client.authorizations_api().create_authorization(authorization=wanted)
        except (ApiException, HTTPError, OSError) as failure:
            raise self._server.in_our_words(failure, "making a token") from failure
        return str(made.token)

    def find_bucket(self, name: str) -> Any | None:
        """The bucket of this name as the server describes it; None where there is none that we may see."""
        try:
            found = self._buckets.get_buckets(name=name, org=self._server.address.org).buckets
        except ApiException as failure:
            if failure.status == 404:
                return None
            raise
        return found[0] if found else None

    def _org_id(self) -> str:
        org = self._server.address.org
        found = self._client.organizations_api().find_organizations(org=org)
        if not found:
            raise StoreError(f"InfluxDB has no organization {org!r}: make it, or set PLANTROOM_INFLUX__ORG")
        return str(found[0].id)

    def _bucket(self, tier: Tier, org_id: str) -> Step:
        there = self.find_bucket(tier.bucket)
        seconds = tier.keep // SECOND
        detail = f"kept {kept(tier.keep)}"
        if there is None:
            if not self._dry_run:
                self._client.buckets_api().create_bucket(
                    bucket_name=tier.bucket,
                    org=org_id,
                    retention_rules=BucketRetentionRules(every_seconds=seconds),
                    description="Plantroom",
                )
            return self._step("bucket", tier.bucket, "made", detail)
        if retention_of(there) == tier.keep:
            return self._step("bucket", tier.bucket, "unchanged", detail)
        if not self._dry_run:
            rule = PatchRetentionRule(every_seconds=seconds)
            self._buckets.patch_buckets_id(there.id, PatchBucketRequest(retention_rules=[rule]))
        return self._step("bucket", tier.bucket, "changed", f"{detail}, was {kept(retention_of(there))}")

    def _task(self, task: TaskText, org_id: str) -> Step:
        tasks = self._client.tasks_api()
        there = [one for one in tasks.find_tasks(name=task.name, org_id=org_id) if one.name == task.name]
        if not there:
            if not self._dry_run:
                request = TaskCreateRequest(flux=task.flux, org_id=org_id, status="active")
                tasks.create_task(task_create_request=request)
            return self._step("task", task.name, "made")
        if there[0].flux.strip() == task.flux.strip() and there[0].status == "active":
            return self._step("task", task.name, "unchanged")
        if not self._dry_run:
            tasks.update_task_request(there[0].id, TaskUpdateRequest(flux=task.flux, status="active"))
        return self._step("task", task.name, "changed")

    def _step(self, what: str, name: str, done: str, detail: str = "") -> Step:
        if self._dry_run and done != "unchanged":
            done = {"made": "would be made", "changed": "would be changed"}[done]
        return Step(what, name, done, detail)


def retention_of(bucket: Any) -> Nanos:
    """How long the bucket keeps; 0 is for ever."""
    return sum(int(rule.every_seconds) for rule in bucket.retention_rules) * SECOND


def kept(keep: Nanos) -> str:
    """The retention in words."""
    return f"{keep / DAY:g} days" if keep else "for ever"


def _permission(action: str, bucket_id: str, org_id: str) -> Permission:
    return Permission(action, PermissionResource(type="buckets", id=bucket_id, org_id=org_id))
