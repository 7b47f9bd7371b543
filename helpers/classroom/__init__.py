"""A class without internet: make a kit, serve it on the local network, check a machine.

``python -m helpers.classroom --help`` tells the commands.
"""
