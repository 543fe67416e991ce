"""The pages of inside sales."""
