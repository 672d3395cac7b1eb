"""The drill: everything that can go wrong between us and two servers, and what they counted afterwards."""
