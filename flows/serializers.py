from rest_framework import serializers

from flows.models import Dataset, FlowChart


class ChartSerializer(serializers.ModelSerializer[FlowChart]):
    dataset = serializers.SlugRelatedField[Dataset](slug_field="slug", read_only=True)

    class Meta:
        model = FlowChart
        fields = ["id", "name", "description", "dataset", "query", "created_at", "updated_at"]
