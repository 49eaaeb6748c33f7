"""Decision models: typed questions in, the probability of every option out.

`decision_backend.DecisionBackend` is the backend; it shares dispatch, pacing, errors and budget with the
judges behind an API. `routes` is the table of dialects, `decision_bodies` writes requests, and
`decision_http` sends them. The stored reply is the JSON that was answered; `parsing.decision_answers` reads
it. `offered_routes` finds out which routes a server has.
"""
