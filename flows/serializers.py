from rest_framework import serializers

from flows.models import Cohort, Dataset, FlowChart
from flows.services.names import NAME_LENGTH


class ChartSerializer(serializers.ModelSerializer[FlowChart]):
    dataset = serializers.SlugRelatedField[Dataset](slug_field="slug", read_only=True)

    class Meta:
        model = FlowChart
        fields = ["id", "name", "description", "folder", "tags", "dataset", "query", "created_at", "updated_at"]


class CohortSerializer(serializers.ModelSerializer[Cohort]):
    dataset = serializers.SlugRelatedField[Dataset](slug_field="slug", read_only=True)

    class Meta:
        model = Cohort
        fields = [
            *("id", "name", "slug", "dataset", "people", "count", "dataset_version"),
            *("query", "selector", "created_at", "refreshed_at"),
        ]


class NameSerializer(serializers.Serializer[Cohort]):
    name = serializers.CharField(max_length=NAME_LENGTH)


class NewCohortSerializer(NameSerializer):
    """`query` and `selector` as a chart and the rows of its result say them; `version` is that of the result."""

    dataset = serializers.SlugField()
    query = serializers.DictField()
    selector = serializers.DictField()
    version = serializers.IntegerField(required=False, min_value=0)
