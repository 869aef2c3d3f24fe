from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("runtask", "0007_reads_where_it_writes"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="run", name="runtask_run_watched"),
    ]
