from django.db import migrations


def methods_of_existing_analyses(apps, schema_editor):
    """The first analysis of a place was made by its main method; each change of method after it came after results."""
    Analysis = apps.get_model("metaanalysis", "Analysis")
    MainMethod = apps.get_model("metaanalysis", "MainMethod")
    held = {}
    for analysis in Analysis.objects.select_related("row").order_by("pk"):
        place = (analysis.row.outcome_id, analysis.row.population_id)
        if held.get(place) == analysis.spec:
            continue
        MainMethod.objects.create(
            outcome_id=place[0],
            population_id=place[1],
            spec=analysis.spec,
            after_results=place in held,
            created_at=analysis.created_at,
            created_by_id=analysis.created_by_id,
        )
        held[place] = analysis.spec


class Migration(migrations.Migration):
    dependencies = [("metaanalysis", "0003_main_method")]

    operations = [migrations.RunPython(methods_of_existing_analyses, migrations.RunPython.noop)]
