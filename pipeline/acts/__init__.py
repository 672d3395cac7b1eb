"""The office's acts: release, papers taken in, Kamu SM's answers, doubts ended, cases followed up."""
