from router.web.policy import source_of


def test_a_style_sheet_is_named_by_its_hash() -> None:
    # printf 'body{}' | openssl dgst -sha256 -binary | base64
    assert source_of("body{}") == "'sha256-fJgEClQWV1hGkK4qHMO0KotTsVnMYMXTq7/suurGyUo='"
