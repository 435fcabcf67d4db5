from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def agreed_is_in_review(apps: Any, schema_editor: Any) -> None:
    apps.get_model("etd", "Question").objects.filter(status="agreed").update(status="in_review")


def in_review_is_agreed(apps: Any, schema_editor: Any) -> None:
    apps.get_model("etd", "Question").objects.filter(status="in_review").update(status="agreed")


class Migration(migrations.Migration):
    dependencies = [
        ("etd", "0015_reference_revision"),
    ]

    operations = [
        migrations.CreateModel(
            name="Adolopment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "choice",
                    models.CharField(
                        choices=[("adopt", "Adopted"), ("adapt", "Adapted"), ("redo", "Judged anew")],
                        max_length=10,
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                ("revision", models.PositiveIntegerField(default=1)),
                ("chosen_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("content_sha256", models.CharField(max_length=64)),
                ("approved_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="PublishedVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("note", models.TextField(blank=True)),
                ("schema_version", models.CharField(max_length=40)),
                ("document", models.TextField()),
                ("document_sha256", models.CharField(max_length=64)),
                ("pdf", models.BinaryField()),
                ("pdf_sha256", models.CharField(max_length=64)),
                ("approvals", models.JSONField(blank=True, default=list)),
                ("previous_sha256", models.CharField(blank=True, max_length=64)),
                ("record_sha256", models.CharField(max_length=64)),
                ("published_at", models.DateTimeField()),
                ("published_by_name", models.CharField(max_length=300)),
            ],
            options={
                "ordering": ["question", "number"],
            },
        ),
        migrations.CreateModel(
            name="SourceDocument",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.TextField()),
                ("organisation", models.CharField(blank=True, max_length=300)),
                ("address", models.CharField(blank=True, max_length=500)),
                ("file_name", models.CharField(max_length=300)),
                ("original", models.BinaryField()),
                ("sha256", models.CharField(max_length=64)),
                ("content", models.TextField()),
                ("taken_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Withdrawal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.TextField()),
                ("withdrawn_at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="question",
            name="question_status_is_known",
        ),
        migrations.RunPython(agreed_is_in_review, in_review_is_agreed),
        migrations.AddField(
            model_name="guideline",
            name="approvals_needed",
            field=models.PositiveSmallIntegerField(default=2),
        ),
        migrations.AlterField(
            model_name="question",
            name="status",
            field=models.CharField(
                choices=[
                    ("draft", "Draft"),
                    ("evidence", "Evidence"),
                    ("voting", "Panel voting"),
                    ("in_review", "In review"),
                    ("published", "Published"),
                    ("withdrawn", "Withdrawn"),
                ],
                default="draft",
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="guideline",
            constraint=models.CheckConstraint(
                condition=models.Q(("approvals_needed__gte", 1), ("approvals_needed__lte", 5)),
                name="guideline_approvals_needed_is_one_to_five",
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["draft", "evidence", "voting", "in_review", "published", "withdrawn"])
                ),
                name="question_status_is_known",
            ),
        ),
        migrations.AddField(
            model_name="adolopment",
            name="assessment",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="adolopment",
                to="etd.criterionassessment",
            ),
        ),
        migrations.AddField(
            model_name="adolopment",
            name="chosen_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="approved_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="ended_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="question",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="approvals", to="etd.question"
            ),
        ),
        migrations.AddField(
            model_name="publishedversion",
            name="published_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="publishedversion",
            name="question",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="etd.question"
            ),
        ),
        migrations.AddField(
            model_name="sourcedocument",
            name="question",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="source_document", to="etd.question"
            ),
        ),
        migrations.AddField(
            model_name="sourcedocument",
            name="taken_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="withdrawal",
            name="version",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="withdrawal",
                to="etd.publishedversion",
            ),
        ),
        migrations.AddField(
            model_name="withdrawal",
            name="withdrawn_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="adolopment",
            constraint=models.CheckConstraint(
                condition=models.Q(("choice__in", ["adopt", "adapt", "redo"])),
                name="adolopment_choice_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("question", "approved_by", "content_sha256"),
                name="approval_once_a_person_and_content",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("ended_by__isnull", True)),
                    models.Q(("ended_at__isnull", False), ("ended_by__isnull", False)),
                    _connector="OR",
                ),
                name="approval_ended_pair",
            ),
        ),
        migrations.AddConstraint(
            model_name="publishedversion",
            constraint=models.UniqueConstraint(fields=("question", "number"), name="version_number_unique"),
        ),
        migrations.AddConstraint(
            model_name="publishedversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("number", 1), ("previous_sha256", "")),
                    models.Q(
                        ("number__gte", 2),
                        models.Q(("previous_sha256", ""), _negated=True),
                        models.Q(("note", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="version_follows_another_with_a_note",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="withdrawal_has_a_reason"
            ),
        ),
    ]
