def test_server_answers(server):
    assert (
        server.post("/v1/chat/completions", messages=[{"role": "user", "content": "hi"}], max_tokens=5)[0]
        == 200
    )
