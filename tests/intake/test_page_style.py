from router.intake.page_style import CONTENT_SECURITY_POLICY, HEADERS


def test_nothing_but_ours_is_allowed() -> None:
    policy = CONTENT_SECURITY_POLICY

    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    # The browser would send "Origin: null" with the form.
    assert HEADERS["Referrer-Policy"] != "no-referrer"
    assert HEADERS["Cache-Control"] == "no-store"
