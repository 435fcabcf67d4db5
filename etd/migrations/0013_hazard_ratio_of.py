from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("etd", "0012_quorum"),
    ]

    operations = [
        migrations.AddField(
            model_name="outcome",
            name="hazard_ratio_of",
            field=models.CharField(
                blank=True,
                choices=[
                    ("event", "Of the outcome as it is named"),
                    ("opposite", "Of its opposite, such as death beside survival"),
                ],
                default="",
                max_length=10,
            ),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="outcome",
            constraint=models.CheckConstraint(
                condition=models.Q(("hazard_ratio_of__in", ["", "event", "opposite"])),
                name="outcome_hazard_ratio_of_is_known",
            ),
        ),
    ]
