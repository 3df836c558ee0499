import uuid

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models


def named(model):
    """Existing rows are named by the database, each for itself; a Python default would give all of them one name."""
    return [
        migrations.AddField(
            model_name=model,
            name='uid',
            field=models.UUIDField(default=uuid.uuid4, db_default=RandomUUID(), editable=False),
        ),
        migrations.AlterField(
            model_name=model,
            name='uid',
            field=models.UUIDField(default=uuid.uuid4, editable=False),
        ),
        migrations.AddConstraint(
            model_name=model,
            constraint=models.UniqueConstraint(fields=('team', 'uid'), name=f'{model}_uid_is_unique_in_team'),
        ),
    ]


class Migration(migrations.Migration):

    dependencies = [
        ('maps', '0001_initial'),
    ]

    operations = [
        *named('stage'),
        *named('step'),
        *named('lane'),
        migrations.AlterField(
            model_name='card',
            name='uid',
            field=models.UUIDField(default=uuid.uuid4, editable=False),
        ),
    ]
