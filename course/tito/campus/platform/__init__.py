"""LTI 1.3 Advantage: what a platform is asked, and how. Nothing here knows the course."""
