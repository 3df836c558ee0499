from django.urls import path

from maps.views import cards, emotions, journeys, lanes, sample, stages, steps

app_name = "maps"
urlpatterns = [
    path("maps/", journeys.listing, name="list"),
    path("maps/new/", journeys.new, name="new"),
    path("maps/<int:pk>/", journeys.journey, name="map"),
    path("maps/<int:pk>/settings/", journeys.settings, name="settings"),
    path("maps/<int:pk>/stages/", stages.add, name="add_stage"),
    path("maps/<int:pk>/stages/<int:stage>/", stages.menu, name="stage"),
    path("maps/<int:pk>/stages/<int:stage>/name/", stages.rename, name="rename_stage"),
    path("maps/<int:pk>/stages/<int:stage>/move/", stages.move, name="move_stage"),
    path("maps/<int:pk>/stages/<int:stage>/remove/", stages.remove, name="remove_stage"),
    path("maps/<int:pk>/steps/", steps.add, name="add_step"),
    path("maps/<int:pk>/steps/<int:step>/", steps.menu, name="step"),
    path("maps/<int:pk>/steps/<int:step>/name/", steps.rename, name="rename_step"),
    path("maps/<int:pk>/steps/<int:step>/moment/", steps.moment, name="moment_of_truth"),
    path("maps/<int:pk>/steps/<int:step>/move/", steps.move, name="move_step"),
    path("maps/<int:pk>/steps/<int:step>/remove/", steps.remove, name="remove_step"),
    path("maps/<int:pk>/lanes/new/", lanes.new, name="add_lane"),
    path("maps/<int:pk>/lanes/<int:lane>/", lanes.menu, name="lane"),
    path("maps/<int:pk>/lanes/<int:lane>/name/", lanes.rename, name="rename_lane"),
    path("maps/<int:pk>/lanes/<int:lane>/move/", lanes.move, name="move_lane"),
    path("maps/<int:pk>/lanes/<int:lane>/remove/", lanes.remove, name="remove_lane"),
    path("maps/<int:pk>/cells/<int:lane>/<int:step>/", cards.cell, name="cell"),
    path("maps/<int:pk>/cells/<int:lane>/<int:step>/new/", cards.new, name="new_card"),
    path("maps/<int:pk>/cards/<int:card>/", cards.card, name="card"),
    path("maps/<int:pk>/cards/<int:card>/details/", cards.details, name="card_details"),
    path("maps/<int:pk>/cards/<int:card>/move/", cards.move, name="move_card"),
    path("maps/<int:pk>/cards/<int:card>/remove/", cards.remove, name="remove_card"),
    path("maps/<int:pk>/emotions/<int:lane>/<int:step>/", emotions.emotion, name="emotion"),
    path("maps/<int:pk>/emotions/<int:lane>/<int:step>/clear/", emotions.clear, name="clear_emotion"),
    path("opportunities/", journeys.opportunities, name="opportunities"),
    path("sample/remove/", sample.remove, name="remove_sample"),
]
