from django.urls import path

from flows.views import analyses, charts, datasets, details, imports, sets

app_name = "flows"
urlpatterns = [
    path("flows/", charts.listing, name="list"),
    path("flows/new/", charts.new, name="new"),
    path("flows/<int:pk>/", charts.chart, name="chart"),
    path("flows/new/people/", sets.people, name="new_people"),
    path("flows/<int:pk>/people/", sets.people, name="people"),
    path("flows/new/funnel/", sets.funnel, name="new_funnel"),
    path("flows/<int:pk>/funnel/", sets.funnel, name="funnel"),
    path("flows/new/trace/", details.trace, name="new_trace"),
    path("flows/<int:pk>/trace/", details.trace, name="trace"),
    path("flows/new/tree/", details.tree, name="new_tree"),
    path("flows/<int:pk>/tree/", details.tree, name="tree"),
    path("flows/new/reached/", analyses.reached, name="new_reached"),
    path("flows/<int:pk>/reached/", analyses.reached, name="reached"),
    path("flows/new/answer.<str:form>", analyses.answer, name="new_answer"),
    path("flows/<int:pk>/answer.<str:form>", analyses.answer, name="answer"),
    path("flows/<int:pk>/delete/", charts.delete, name="delete_chart"),
    path("flows/<int:pk>/duplicate/", charts.duplicate, name="duplicate_chart"),
    path("flows/runs/<int:pk>/cancel/", charts.cancel_run, name="cancel_run"),
    path("flows/events/<slug:dataset_slug>/", charts.events, name="events"),
    path("flows/properties/<slug:dataset_slug>/", charts.properties, name="properties"),
    path("data/", datasets.listing, name="data"),
    path("data/<slug:dataset_slug>/", datasets.dataset, name="dataset"),
    path("data/<slug:dataset_slug>/delete/", datasets.delete, name="delete_dataset"),
    path("data/<slug:dataset_slug>/imports/new/", imports.upload, name="upload"),
    path("data/<slug:dataset_slug>/imports/<int:number>/", imports.import_, name="import"),
    path("data/<slug:dataset_slug>/imports/<int:number>/cancel/", imports.cancel, name="cancel_import"),
    path("data/<slug:dataset_slug>/imports/<int:number>/rejects.csv", imports.rejects, name="rejects"),
]
