import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("etd", "0010_kept_parts"),
    ]

    operations = [
        migrations.CreateModel(
            name="PracticeAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("question_key", models.CharField(max_length=40)),
                ("answer", models.CharField(blank=True, max_length=10)),
                ("rationale", models.TextField(blank=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="recommendationstatement",
            name="statement_kind_is_known",
        ),
        migrations.AddField(
            model_name="recommendationstatement",
            name="paradigm",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name="recommendationstatement",
            name="paradigm_reason",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="recommendationstatement",
            name="practice_basis",
            field=models.CharField(blank=True, max_length=30),
        ),
        migrations.AddField(
            model_name="recommendationstatement",
            name="remark",
            field=models.TextField(blank=True),
        ),
        migrations.AlterField(
            model_name="recommendationstatement",
            name="kind",
            field=models.CharField(
                choices=[
                    ("recommendation", "Recommendation"),
                    ("good_practice_statement", "Good practice statement"),
                    ("research_only", "Only in the context of research"),
                    ("no_recommendation", "No recommendation"),
                ],
                max_length=30,
            ),
        ),
        migrations.AddConstraint(
            model_name="recommendationstatement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        ["recommendation", "good_practice_statement", "research_only", "no_recommendation"],
                    )
                ),
                name="statement_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="recommendationstatement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ("research_only", "no_recommendation")), _negated=True),
                    models.Q(("direction", ""), ("strength", "")),
                    _connector="OR",
                ),
                name="statement_without_strength",
            ),
        ),
        migrations.AddConstraint(
            model_name="recommendationstatement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("paradigm", ""), ("paradigm_reason", "")),
                    models.Q(
                        models.Q(("paradigm_reason", ""), _negated=True),
                        ("certainty__in", ("low", "very_low")),
                        (
                            "paradigm__in",
                            [
                                "life_threatening",
                                "uncertain_benefit_certain_harm",
                                "equivalence_less_risk",
                                "similar_benefit_more_risk",
                                "catastrophic_harm",
                            ],
                        ),
                        ("strength", "strong"),
                    ),
                    _connector="OR",
                ),
                name="statement_paradigm_where_strong_on_low",
            ),
        ),
        migrations.AddConstraint(
            model_name="recommendationstatement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("practice_basis", ""),
                    models.Q(
                        ("kind", "good_practice_statement"),
                        ("practice_basis__in", ["ethics", "principles", "established_evidence"]),
                    ),
                    _connector="OR",
                ),
                name="statement_basis_of_good_practice",
            ),
        ),
        migrations.AddField(
            model_name="practiceanswer",
            name="statement",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="practice_answers",
                to="etd.recommendationstatement",
            ),
        ),
        migrations.AddConstraint(
            model_name="practiceanswer",
            constraint=models.UniqueConstraint(
                fields=("statement", "question_key"), name="practice_answer_one_a_question"
            ),
        ),
        migrations.AddConstraint(
            model_name="practiceanswer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "question_key__in",
                        [
                            "clear_and_actionable",
                            "necessary",
                            "net_positive",
                            "poor_use_of_time",
                            "clear_rationale",
                        ],
                    )
                ),
                name="practice_answer_question_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="practiceanswer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("answer__in", ["", "yes", "no"]),
                    models.Q(
                        models.Q(("answer", ""), _negated=True),
                        models.Q(("rationale", ""), _negated=True),
                        _connector="OR",
                    ),
                ),
                name="practice_answer_says_something",
            ),
        ),
    ]
