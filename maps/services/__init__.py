"""Everything that changes a map. Keys of rows are looked up under the lock of the map: foreign ones are a 404."""

from maps.services.building import build_map
from maps.services.cards import add_card, move_card, remove_card, save_card
from maps.services.changes import Conflict
from maps.services.channels import ensure_channels, merge_channels, rename_channel
from maps.services.corrections import correct
from maps.services.emotions import clear_emotion, set_emotion
from maps.services.hierarchy import draw_under, put_under, take_out
from maps.services.journeys import create_map, update_map
from maps.services.lanes import add_lane, collapse_lane, move_lane, remove_lane, rename_lane, say_whose_lane
from maps.services.map_copies import duplicate_map, make_variant, variant_states
from maps.services.part_copies import (
    copy_lane,
    copy_stage,
    duplicate_card,
    duplicate_lane,
    duplicate_stage,
    duplicate_step,
    paste_card,
)
from maps.services.pasting import MapChanged, paste_cells
from maps.services.personas import archive_persona, create_persona, set_persona_picture, update_persona
from maps.services.pictures import keep_picture, sweep_pictures, with_pictures
from maps.services.reviews import remind_owners
from maps.services.snapshots import prune_log, prune_logs, remove_snapshot, restore_map, states_at, take_snapshot
from maps.services.stages import add_stage, confirm_stage, move_stage, remove_stage, rename_stage
from maps.services.steps import (
    add_step,
    mark_moment_of_truth,
    move_step,
    remove_step,
    rename_step,
    shift_step,
)
from maps.services.talk import edit_comment, remove_comment, reply, resolve_thread, start_thread
from maps.services.touchpoints import merge_touchpoints, rename_touchpoint
from maps.services.undo import NothingToUndo, Refused, redo, undo
from maps.texts import body_of

__all__ = [
    "Conflict",
    "MapChanged",
    "NothingToUndo",
    "Refused",
    "add_card",
    "add_lane",
    "add_stage",
    "add_step",
    "archive_persona",
    "body_of",
    "build_map",
    "clear_emotion",
    "collapse_lane",
    "confirm_stage",
    "copy_lane",
    "copy_stage",
    "correct",
    "create_map",
    "create_persona",
    "draw_under",
    "duplicate_card",
    "duplicate_lane",
    "duplicate_map",
    "duplicate_stage",
    "duplicate_step",
    "edit_comment",
    "ensure_channels",
    "keep_picture",
    "make_variant",
    "mark_moment_of_truth",
    "merge_channels",
    "merge_touchpoints",
    "move_card",
    "move_lane",
    "move_stage",
    "move_step",
    "paste_card",
    "paste_cells",
    "prune_log",
    "prune_logs",
    "put_under",
    "redo",
    "remind_owners",
    "remove_card",
    "remove_comment",
    "remove_lane",
    "remove_snapshot",
    "remove_stage",
    "remove_step",
    "rename_channel",
    "rename_lane",
    "rename_stage",
    "rename_step",
    "rename_touchpoint",
    "reply",
    "resolve_thread",
    "restore_map",
    "save_card",
    "say_whose_lane",
    "set_emotion",
    "set_persona_picture",
    "shift_step",
    "start_thread",
    "states_at",
    "sweep_pictures",
    "take_out",
    "take_snapshot",
    "undo",
    "update_map",
    "update_persona",
    "variant_states",
    "with_pictures",
]
