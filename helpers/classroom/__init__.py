"""A class without internet: make a kit, serve it on the local network, check a machine.

``python -m helpers.classroom --help`` lists the commands.
"""
