"""What every service beside a Hub needs, and needs once: who asks, its database, how it refuses, how it asks others.

It knows no course and no service by name, so that the exchange and everything else can stand on it alike.
"""
