"""What the stages of common CRMs mean: lead, opportunity, closed_won or closed_lost."""

import re
import unicodedata

# Words are compared without accents, spaces and punctuation.  A word that says whether the record
# reached the stage of a deal is placed; one that can mean either ("working", "active") is not.  A
# disqualified lead is a lead: it was never a deal that could be lost.
_WORDS = {
    "lead": """
        lead leads newlead new nuevo nueva prospect prospecto contact contacted contacto contactado
        subscriber inquiry enquiry mql marketingqualified marketingqualifiedlead sql
        salesqualified salesqualifiedlead salesacceptedlead unqualified disqualified
    """,
    "opportunity": """
        opportunity opportunities opp oportunidad deal open abierta abierto opendeal prospecting
        qualification qualified qualifiedtobuy needsanalysis discovery demo demoscheduled
        appointmentscheduled presentationscheduled valueproposition iddecisionmakers
        decisionmakerboughtin perceptionanalysis proposal proposalmade proposalsent
        proposalpricequote propuesta propuestaenviada quote quotesent negotiation negotiations
        negotiationsstarted negotiationreview negociacion ennegociacion contractsent
        verbalcommitment
    """,
    "closed_won": """
        closedwon won wonclosed dealwon customer cliente ganada ganado cerradaganada
        cerradoganado ganadacerrada gewonnen gagne gagnee ganha ganho fechadoganho
    """,
    "closed_lost": """
        closedlost lost lostclosed deallost loss perdida perdido cerradaperdida cerradoperdido
        perdidacerrada verloren perdu perdue fechadoperdido
    """,
}

_STAGE_OF = {word: stage for stage, words in _WORDS.items() for word in words.split()}


def canonical_stage(tag: str) -> str:
    """Give the stage that a CRM's word means, or the word itself where it is not known.

    Examples
    --------
    >>> [canonical_stage(tag) for tag in ("closed won", "closed-won", "negociación", "on hold")]
    ['closed_won', 'closed_won', 'opportunity', 'on hold']
    """
    return _STAGE_OF.get(re.sub(r"[\W_]+", "", unicodedata.normalize("NFKD", tag)), tag)
