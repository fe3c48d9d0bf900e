"""The environment of each process of the stack: the variables that it needs, and no others.

A secret reaches only the parts that `NEEDS` names for it, and one that is added to the settings reaches none until it
is named there. Settings that are no secret go to all our parts.
"""

from collections.abc import Mapping

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from events.environment import SYSTEM, inherited
from settings import Settings

PYTHON = ("PYTHON*", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "USER", "LOGNAME", "COVERAGE_*", "COV_CORE_*")
NETWORK = (
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
)
# By setproctitle, which makes a process's environment unreadable from outside unless SPT_NOENV is set.
TITLE = ("SPT_*",)
BASE = (*SYSTEM, *PYTHON, *NETWORK, *TITLE)

DATABASE = ("DATABASE_URL", "PG*")
NEEDS: Mapping[str, tuple[str, ...]] = {
    "postgres": (),
    "demo": (),
    "prefect": ("PREFECT_*", "PG*"),
    # The address of the model server says that there is one, which a run that is done again depends on.
    "api": (
        *(*DATABASE, "PREFECT_API_URL", "OPENAI_BASE_URL"),
        *("STEPGLASS_API_TOKENS", "STEPGLASS_TOKEN_SECRET", "STEPGLASS_METRICS_TOKEN"),
    ),
    "worker": (*DATABASE, "PREFECT_*", "OPENAI_*", "OTEL_*", "STEPGLASS_WEBHOOK_*", "STEPGLASS_METRICS_TOKEN"),
    "deployments": (*DATABASE, "PREFECT_*", "OPENAI_BASE_URL"),
    # Node.js, and how it and its packages are installed.
    "page": ("NODE_*", "NPM_CONFIG_*", "PIP_*", "UV_*"),
}


def environment_of(part: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of `environ` that `part` inherits."""
    settings = () if part == "page" else (name for name in PLAIN if name.startswith("STEPGLASS_"))
    return inherited(environ, *BASE, *settings, *NEEDS[part])


def is_secret(field: FieldInfo) -> bool:
    return SecretStr.__name__ in str(field.annotation)


PLAIN = [str(field.validation_alias) for field in Settings.model_fields.values() if not is_secret(field)]
"""The variables of the settings that are no secret."""
