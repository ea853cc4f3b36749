"""Made EMU video: people in beds who move as in daily life, in an epileptic or in a psychogenic seizure. No patient in it.

The parts, in the order in which a video is made: `looks` (who, where, in which light), `motion` (how the joints move),
`body` (where that puts the limbs), `scene` (the picture), `writing` (H.264 files, manifest and truth).
"""
