"""Fills the database of a dstack 0.22.5 server with projects, users, fleets, runs, jobs and their events, as such a server leaves them.

DSTACK_DATABASE_URL says where. Arguments, as JSON: runs (all there ever were), active (live jobs), events (false: none), dcgm (families
a GPU), days (how far back). What is random comes of a seed, ids too. Prints what it has made, as JSON.
"""

import asyncio
import json
import random
import sys
import uuid
from datetime import datetime, timedelta, timezone

from dstack._internal.core.models.backends.base import BackendType
from dstack._internal.core.models.configurations import (
    DevEnvironmentConfiguration,
    ServiceConfiguration,
    TaskConfiguration,
)
from dstack._internal.core.models.events import EventTargetType
from dstack._internal.core.models.instances import InstanceStatus, InstanceType
from dstack._internal.core.models.profiles import Schedule
from dstack._internal.core.models.runs import (
    JobStatus,
    JobTerminationReason,
    RunStatus,
    RunTerminationReason,
)
from dstack._internal.core.models.users import GlobalRole, ProjectRole
from dstack._internal.core.models.volumes import VolumeStatus
from dstack._internal.server.db import get_db
from dstack._internal.server.models import (
    EventModel,
    EventTargetModel,
    MemberModel,
)
from dstack._internal.server.services import encryption as _encryption  # noqa: F401: tokens are stored through it
from dstack._internal.server.testing import common as make

OFFERS = [
    # backend, type, GPUs, GPU, GPU GiB, CPUs, GiB, price, blocks
    (BackendType.AWS, "p5.48xlarge", 8, "H100", 80, 192, 2048, 98.32, 1),
    (BackendType.GCP, "e2-standard-4", 0, "T4", 16, 4, 16, 0.134, 1),
    (BackendType.RUNPOD, "NVIDIA A100 80GB PCIe", 2, "A100", 80, 16, 234, 3.78, 1),
    (BackendType.AWS, "g6.48xlarge", 8, "L4", 24, 192, 768, 13.35, 4),
]
job_specs = make.get_job_specs_from_run_spec


async def job_specs_offline(run_spec, **more):
    """dstack would ask the registry of the image what it is."""
    spec = run_spec.model_copy(deep=True)
    spec.configuration.image = None
    spec.configuration.registry_auth = None
    return await job_specs(run_spec=spec, **more)


make.get_job_specs_from_run_spec = job_specs_offline

SECRETS = {
    "env": "PLANTED-env-6a1f",
    "command": "PLANTED-command-77c2",
    "registry": "PLANTED-registry-b0e4",
    "key": "ssh-rsa PLANTED-key-19d3",
}


class Filler:
    def __init__(self, session, options):
        self.session = session
        self.random = random.Random(options.get("seed", 1))
        self.options = options
        self.now = datetime.now(timezone.utc)
        self.events = []
        self.made = {"runs": 0, "jobs": 0, "instances": 0, "events": 0}
        self.count = 0

    def id(self):
        return uuid.UUID(int=self.random.getrandbits(128), version=4)

    def event(self, message, at, *targets):
        """An event is recorded some milliseconds after the time that its row bears."""
        if self.options.get("events", True):
            self.events.append((message, at + timedelta(milliseconds=self.random.randint(1, 40)), targets))

    async def flush(self):
        for message, at, targets in self.events:
            event = EventModel(id=self.id(), message=message, recorded_at=at, targets=[])
            for kind, model in targets:
                run_id = model.id if kind == "run" else model.run_id if kind == "job" else None
                name = {"run": "run_name", "job": "job_name", "instance": "name", "volume": "name"}[kind]
                event.targets.append(
                    EventTargetModel(
                        entity_type=EventTargetType(kind),
                        entity_project_id=model.project_id,
                        entity_id=model.id,
                        entity_name=getattr(model, name),
                        entity_run_id=run_id,
                        entity_fleet_id=model.fleet_id if kind == "instance" else None,
                    )
                )
            self.session.add(event)
        self.made["events"] += len(self.events)
        self.events = []
        await self.session.commit()

    async def world(self):
        self.admin = await make.create_user(self.session, name="filler-admin")
        self.users = [
            await make.create_user(self.session, name=f"user-{i}", global_role=GlobalRole.USER) for i in range(3)
        ]
        self.projects = []
        for name in ("alpha", "beta"):
            project = await make.create_project(self.session, owner=self.admin, name=name)
            for user in self.users:
                self.session.add(
                    MemberModel(project_id=project.id, user_id=user.id, project_role=ProjectRole.USER)
                )
            repo = await make.create_repo(self.session, project_id=project.id, repo_name=f"repo-{name}")
            cloud = await make.create_fleet(self.session, project, fleet_id=self.id(), name=f"cloud-{name}")
            spec = make.get_fleet_spec(conf=make.get_ssh_fleet_configuration(name=f"onprem-{name}"))
            ssh = await make.create_fleet(self.session, project, fleet_id=self.id(), spec=spec)
            self.projects.append((project, repo, cloud, ssh))
        await self.session.commit()

    async def instance(self, place, offer, status, created, ended=None, blocks=1, busy=1, ssh=False):
        project, _, cloud, onprem = place
        backend, name, gpus, gpu, gib, cpus, memory, price, total = offer
        if ssh:
            backend, name, price = BackendType.REMOTE, "ssh", 0.0
        self.count += 1
        settled = status != InstanceStatus.PENDING
        fleet = onprem if ssh else cloud
        kinds = dict(gpu_count=gpus, gpu_name=gpu, gpu_memory_gib=gib, cpu_count=cpus, memory_gib=memory)
        offered = make.get_instance_offer_with_availability(
            backend=backend, price=price, instance_type=name, total_blocks=total, blocks=total, **kinds
        )
        instance = await make.create_instance(
            self.session,
            project,
            fleet=fleet,
            instance_id=self.id(),
            instance_num=self.count,
            name=f"{fleet.name}-{self.count}",
            status=status,
            created_at=created,
            finished_at=ended,
            backend=backend,
            offer=offered if settled else None,
            price=price if settled else None,
            job_provisioning_data=self.provisioned(offer, backend, name, price) if settled else None,
            total_blocks=total,
            busy_blocks=busy,
            remote_connection_info=make.get_remote_connection_info(host=f"10.0.0.{self.count % 250}") if ssh else None,
        )
        instance.deleted = status == InstanceStatus.TERMINATED
        self.made["instances"] += 1
        lived = created + timedelta(seconds=1)
        self.event("Instance created on fleet submission. Status: PENDING", created, ("instance", instance))
        if settled:
            self.event("Instance status changed PENDING -> PROVISIONING", lived, ("instance", instance))
        if status not in (InstanceStatus.PENDING, InstanceStatus.PROVISIONING):
            up = lived + timedelta(seconds=70)
            self.event("Instance status changed PROVISIONING -> IDLE", up, ("instance", instance))
            if status != InstanceStatus.IDLE:
                self.event("Instance status changed IDLE -> BUSY", up + timedelta(seconds=5), ("instance", instance))
        if status in (InstanceStatus.TERMINATING, InstanceStatus.TERMINATED):
            over = (ended or self.now) - timedelta(seconds=20)
            reason = "Instance status changed BUSY -> TERMINATING. Termination reason: IDLE_TIMEOUT"
            self.event(reason, over, ("instance", instance))
        if ended is not None:
            self.event("Instance status changed TERMINATING -> TERMINATED", ended, ("instance", instance))
        return instance

    def provisioned(self, offer, backend, name, price):
        _, _, gpus, gpu, gib, cpus, memory, _, _ = offer
        data = make.get_job_provisioning_data(
            backend=backend,
            price=price,
            gpu_count=gpus,
            gpu_name=gpu,
            gpu_memory_gib=gib,
            cpu_count=cpus,
            memory_gib=memory,
            hostname=f"10.0.{self.count // 250}.{self.count % 250}",
        )
        data.instance_type.name = name
        return data

    def run_spec(self, kind, name, repo, nodes, scheduled):
        common = dict(
            env={"TOKEN": SECRETS["env"]},
            image="registry.example/image",
            registry_auth={"username": "u", "password": SECRETS["registry"]},
        )
        if kind == "task":
            more = {"schedule": Schedule(cron="15 23 * * *")} if scheduled else {}
            conf = TaskConfiguration(commands=[f"echo {SECRETS['command']}"], nodes=nodes, **common, **more)
        elif kind == "service":
            conf = ServiceConfiguration(commands=[f"echo {SECRETS['command']}"], port=80, **common)
        else:
            conf = DevEnvironmentConfiguration(ide="vscode", init=[f"echo {SECRETS['command']}"], **common)
        if self.count % 3 == 0:
            conf.tags = {"team": f"team-{self.count % 4}"}
        return make.get_run_spec(
            repo_id=repo.name, run_name=name, configuration=conf, ssh_key_pub=SECRETS["key"], profile=None
        )

    async def run(self, submitted, status, jobs=1, kind="task", retries=0, scheduled=False, deleted=False, ssh=False,
                  offer=None, instance=None, job_status=None):
        place = self.projects[self.count % 2]
        project, repo, _, _ = place
        self.count += 1
        name = f"{kind[:4]}-{self.count:04d}"
        finished = status in RunStatus.finished_statuses()
        ended = submitted + timedelta(seconds=self.random.randint(200, 5000)) if finished else None
        if ended is not None and ended > self.now:
            ended = self.now - timedelta(seconds=1)
        why = {
            RunStatus.DONE: RunTerminationReason.ALL_JOBS_DONE,
            RunStatus.FAILED: RunTerminationReason.JOB_FAILED,
            RunStatus.TERMINATED: RunTerminationReason.STOPPED_BY_USER,
        }.get(status)
        run = await make.create_run(
            self.session,
            project=project,
            repo=repo,
            user=self.users[self.count % 3],
            run_name=name,
            run_id=self.id(),
            status=status,
            submitted_at=submitted,
            last_processed_at=ended or self.now,
            termination_reason=why,
            deleted=deleted,
            run_spec=self.run_spec(kind, name, repo, jobs if kind == "task" else 1, scheduled),
        )
        self.made["runs"] += 1
        self.event(f"Run submitted. Status: {'PENDING' if scheduled else 'SUBMITTED'}", submitted, ("run", run))
        if scheduled and status == RunStatus.PENDING:
            return run
        if deleted:
            self.event("Run deleted", ended + timedelta(seconds=60), ("run", run))
        started = submitted
        if status == RunStatus.SUBMITTED:
            await self.job(place, run, 0, 0, started, JobStatus.SUBMITTED, None, None)
            return run
        for number in range(jobs):
            replica, num = (number, 0) if kind == "service" else (0, number)
            await self.submissions(place, run, num, replica, started, status, ended, retries, ssh, offer, job_status, instance)
        self.event("Run status changed SUBMITTED -> PROVISIONING", started + timedelta(seconds=9), ("run", run))
        if status != RunStatus.PROVISIONING:
            self.event("Run status changed PROVISIONING -> RUNNING", started + timedelta(seconds=80), ("run", run))
        if finished:
            over = ended - timedelta(seconds=8)
            self.event(f"Run status changed RUNNING -> TERMINATING. Termination reason: {why.name}", over, ("run", run))
            self.event(f"Run status changed TERMINATING -> {status.name}", ended, ("run", run))
        return run

    async def submissions(self, place, run, num, replica, started, run_status, ended, retries, ssh, offer, job_status, instance):
        offer = offer or self.random.choice(OFFERS)
        for submission in range(retries):
            over = started + timedelta(seconds=30)
            await self.job(place, run, num, replica, started, JobStatus.FAILED, over, None, submission=submission,
                           reason=JobTerminationReason.FAILED_TO_START_DUE_TO_NO_CAPACITY)
            started = over + timedelta(seconds=15)
        if ended is None:
            status = job_status or JobStatus.RUNNING
            up = InstanceStatus.BUSY if status != JobStatus.PROVISIONING else InstanceStatus.PROVISIONING
            if instance is None:
                instance = await self.instance(place, offer, up, started - timedelta(seconds=90), ssh=ssh)
            await self.job(place, run, num, replica, started, status, None, (offer, instance), submission=retries)
            return
        reasons = {
            RunStatus.DONE: (JobStatus.DONE, JobTerminationReason.DONE_BY_RUNNER),
            RunStatus.FAILED: (JobStatus.FAILED, JobTerminationReason.CONTAINER_EXITED_WITH_ERROR),
            RunStatus.TERMINATED: (JobStatus.TERMINATED, JobTerminationReason.TERMINATED_BY_USER),
        }
        status, reason = reasons[run_status]
        over = ended - timedelta(seconds=4)
        instance = await self.instance(place, offer, InstanceStatus.TERMINATED, started - timedelta(seconds=90), ended=ended)
        await self.job(place, run, num, replica, started, status, over, (offer, instance), submission=retries, reason=reason)

    async def job(self, place, run, num, replica, submitted, status, ended, placed, submission=0, reason=None):
        more = {}
        if placed is not None:
            (backend, name, gpus, gpu, gib, cpus, memory, price, total), instance = placed
            if instance.backend == BackendType.REMOTE:
                backend, name, price = BackendType.REMOTE, "ssh", 0.0
            blocks = 1 if total > 1 else total
            share = blocks / total
            offered = make.get_instance_offer_with_availability(
                backend=backend, price=price, instance_type=name, gpu_count=int(gpus * share), gpu_name=gpu,
                gpu_memory_gib=gib, cpu_count=int(cpus * share), memory_gib=memory * share,
                blocks=blocks, total_blocks=total,
            )
            more = dict(
                instance=instance if ended is None else None,
                instance_assigned=True,
                job_provisioning_data=self.provisioned(placed[0], backend, name, price),
                job_runtime_data=make.get_job_runtime_data(network_mode="host", offer=offered),
            )
        job = await make.create_job(
            self.session, run, submission_num=submission, status=status, submitted_at=submitted,
            last_processed_at=ended or self.now, termination_reason=reason, job_num=num, replica_num=replica, **more
        )
        self.made["jobs"] += 1
        if reason == JobTerminationReason.CONTAINER_EXITED_WITH_ERROR:
            job.exit_status = 137
        created = "Job created on run submission" if submission == 0 else "Job created on retry"
        self.event(f"{created}. Status: SUBMITTED", submitted, ("job", job))
        if placed is not None:
            self.event("Job assigned to instance. Instance blocks: 1/1 busy", submitted + timedelta(seconds=1),
                       ("job", job), ("instance", placed[1]))
            self.event("Job status changed SUBMITTED -> PROVISIONING", submitted + timedelta(seconds=2), ("job", job))
            if status != JobStatus.PROVISIONING:
                self.event("Job status changed PROVISIONING -> PULLING", submitted + timedelta(seconds=40), ("job", job))
            if status not in (JobStatus.PROVISIONING, JobStatus.PULLING):
                self.event("Job status changed PULLING -> RUNNING", submitted + timedelta(seconds=70), ("job", job))
            if ended is None and status == JobStatus.RUNNING:
                await self.usage(job, placed[0])
        if ended is not None:
            was = "RUNNING" if placed is not None else "SUBMITTED"
            self.event(f"Job status changed {was} -> TERMINATING. Termination reason: {reason.name} (free text)",
                       ended - timedelta(seconds=3), ("job", job))
            self.event(f"Job status changed TERMINATING -> {status.name}", ended, ("job", job))

    async def usage(self, job, offer):
        gpus, total = offer[2], offer[8]
        count = int(gpus / total)
        await make.create_job_metrics_point(
            self.session, job, self.now, cpu_usage_micro=5_000_000 + self.count,
            memory_usage_bytes=6 << 30, memory_working_set_bytes=5 << 30,
            gpus_memory_usage_bytes=[60 << 30] * count, gpus_util_percent=[93] * count,
        )
        families = self.options.get("dcgm", 0)
        if families == 0 or count == 0:
            return
        lines = []
        for family in range(families):
            name = ["DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_POWER_USAGE"][family % 3]
            name = name if family < 3 else f"DCGM_FI_DEV_FIELD_{family}"
            lines += [f"# HELP {name} A field.", f"# TYPE {name} gauge"]
            lines += [f'{name}{{gpu="{gpu}",UUID="GPU-{job.id}-{gpu}",modelName="X"}} {40 + gpu}' for gpu in range(count)]
        await make.create_job_prometheus_metrics(
            self.session, job, collected_at=self.now, text="\n".join(lines) + "\n"
        )

    async def volume(self, name, created, status=VolumeStatus.ACTIVE, deleted=None):
        project, _, _, _ = self.projects[0]
        made = make.get_volume_provisioning_data(size_gb=200, price=16.0) if status == VolumeStatus.ACTIVE else None
        volume = await make.create_volume(
            self.session, project, self.users[0], status=status, created_at=created, last_processed_at=created,
            configuration=make.get_volume_configuration(name=name), volume_provisioning_data=made, deleted_at=deleted,
        )
        self.event("Volume created. Status: SUBMITTED", created, ("volume", volume))
        self.event(f"Volume status changed SUBMITTED -> {status.name}", created, ("volume", volume))
        if deleted is not None:
            self.event("Volume deleted", deleted, ("volume", volume))

    async def fill(self):
        await self.world()
        active = self.options.get("active", 100)
        days = self.options.get("days", 20)
        since = lambda seconds: self.now - timedelta(seconds=seconds)
        await self.volume("data", since(36000))
        await self.volume("old-data", since(72000), deleted=since(36000))
        await self.volume("no-data", since(3600), status=VolumeStatus.FAILED)
        left = active
        kinds = [
            dict(jobs=2), dict(kind="service", jobs=2), dict(), dict(offer=OFFERS[3]), dict(retries=2),
            dict(ssh=True), dict(offer=OFFERS[1]), dict(kind="dev-environment"),
            dict(status=RunStatus.PROVISIONING, job_status=JobStatus.PROVISIONING), dict(job_status=JobStatus.PULLING),
        ]
        number = 0
        while left > 0:
            kind = {"status": RunStatus.RUNNING, **kinds[number % len(kinds)]}
            number += 1
            if kind.get("jobs", 1) > left:
                kind["jobs"] = 1
            left -= kind.get("jobs", 1)
            await self.run(since(self.random.randint(300, days * 3600)), **kind)
            if number % 20 == 0:
                await self.flush()
        await self.run(since(100), RunStatus.PENDING, scheduled=True)
        await self.run(since(50), RunStatus.SUBMITTED)
        for status in (InstanceStatus.PENDING, InstanceStatus.PROVISIONING, InstanceStatus.IDLE, InstanceStatus.TERMINATING):
            await self.instance(self.projects[0], OFFERS[0], status, since(4000))
        await self.instance(self.projects[1], OFFERS[0], InstanceStatus.IDLE, since(90000), ssh=True)
        ends = [RunStatus.DONE, RunStatus.FAILED, RunStatus.TERMINATED]
        while self.made["runs"] < self.options.get("runs", 200):
            number += 1
            await self.run(since(self.random.randint(6000, days * 86400)), ends[number % 3], deleted=number % 5 == 0,
                           retries=number % 4 == 0, kind=["task", "dev-environment", "service"][number % 3])
            if number % 50 == 0:
                await self.flush()
        await self.flush()


async def main():
    async with get_db().get_session() as session:
        filler = Filler(session, json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})
        await filler.fill()
        print(json.dumps({**filler.made, "secrets": list(SECRETS.values())}))


asyncio.run(main())
